"""Result files as the reference implementation writes them, with curves and records of one's own."""

import json
from typing import Any

import numpy as np
from scipy.special import log_softmax

ALPHAS = np.linspace(-20, 20, 81).astype(np.float32)
META = {"model": "openai/gpt2", "concept": "joy", "concept_slug": "joy", "layer_idx": 3}
RNG = np.random.default_rng(0)
LOGITS, ODDS = RNG.normal(size=60), np.linspace(-1, 1, 60)[RNG.permutation(60)]


def tilted(seed=None, scale=1.0):
    """Next-token probabilities `[strengths, vocab]` of a tilt by ODDS; of other unsteered logits with a seed."""
    logits = LOGITS if seed is None else np.random.default_rng(seed).normal(size=LOGITS.size)
    return np.exp(log_softmax(logits + scale * ALPHAS.astype(float)[:, None] * ODDS, axis=1))


LAW = tilted()


def write(path, meta=None, record=None, **arrays: Any):
    """An archive of the arrays that are not None, with META changed by `meta` as its record, or the text `record`."""
    held: dict[str, Any] = arrays | {"meta": json.dumps(META | (meta or {})) if record is None else record}
    path.parent.mkdir(parents=True, exist_ok=True)
    save: Any = np.savez_compressed
    save(path, **{name: array for name, array in held.items() if array is not None})
    return path


def next_token(path, probabilities=LAW, top=6, meta=None, **changed):
    """The tokens that lead at either end."""
    leading = [np.argsort(-row)[:top].astype(np.int32) for row in (probabilities[-1], probabilities[0])]
    arrays = {
        "alphas": ALPHAS,
        "probs_alphamax": probabilities[:, leading[0]].astype(np.float32),
        "probs_alphamin": probabilities[:, leading[1]].astype(np.float32),
        "token_alphamax": leading[0],
        "token_alphamin": leading[1],
        "token_strs_alphamax": np.array(["a"] * top, dtype=object),
        "token_strs_alphamin": np.array(["b"] * top, dtype=object),
    }
    known = {"seq_len": 12, "apply_last_token_only": False, "vocab_size": LOGITS.size}
    return write(path, known | (meta or {}), **(arrays | changed))


def judged(path, share, contexts=16, seed=1, meta=None, **changed):
    """Answers of a judge: a context shows the concept from a level of `share` of its own on."""
    found = (np.random.default_rng(seed).random((contexts, 1)) < share).astype(np.float32)
    arrays = {
        "alphas": ALPHAS,
        "p1_by_ctx": np.broadcast_to(found, (contexts, ALPHAS.size)),
        "ctx_is_positive": (np.arange(contexts) >= 12).astype(np.int8),
        "mean_all": found.mean(axis=0),
    }
    known = {"n_samples_per_context": 5, "generator": {"max_prompt_length": 64}, "judge": {"use_chat_template": True}}
    return write(path, known | (meta or {}), **(arrays | changed))


def cross_entropy(path, change, meta=None, **changed):
    """Cross-entropies of 3 nats at strength 0."""
    arrays = {
        "alphas": ALPHAS,
        "cross_entropy": (3 + change).astype(np.float32),
        "perplexity": np.exp(3 + change).astype(np.float32),
        "delta_cross_entropy": (change - change[ALPHAS == 0]).astype(np.float32),
    }
    known = {"apply_last_token_only": False, "tokens_scored_per_alpha": 2**20}
    return write(path, known | (meta or {}), **(arrays | changed))


def log_odds(path, odds=ODDS, keep=None, meta=None, **changed):
    """Log-odds in order, of the `keep` largest or of all tokens."""
    order = np.argsort(-odds)[:keep]
    arrays = {
        "token_ids": order.astype(np.int32),
        "log_odds": odds[order].astype(np.float32),
        "token_strs": np.array(["a"] * order.size, dtype=object),
    }
    known = {"max_length": 100, "batch_size": 100, "concept_prompt_count": 500, "negative_prompt_count": 500}
    return write(path, known | (meta or {}), **(arrays | changed))


def scores(path):
    """Task scores."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held = {"alphas": ALPHAS.tolist(), "overall_scores": [0.3] * ALPHAS.size, "task_scores": {}, "meta": None}
    path.write_text(json.dumps(held))
    return path
