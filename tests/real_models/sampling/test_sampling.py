"""Texts against the model's own logits, prefix by prefix: frequencies by exact enumeration, what each token says."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import chisquare

from real_models import load_model
from real_models.sampling.rescoring import text_costs
from real_models.sampling.sampling import sample
from real_models.sampling.texts import SampledTexts

FEW = {"vocab_size": 4, "num_hidden_layers": 2}
PROMPTS = [[3, 1, 4, 1, 5, 9, 2, 6, 5, 3], [7], [2, 7, 1]]
STRENGTHS = [0.0, -1.5, 2.0]


def direction(model, seed=0):
    return np.random.default_rng(seed).normal(size=model.d_model)


@pytest.fixture
def few(checkpoint):
    """A model of four tokens."""
    return load_model(checkpoint("llama", change=FEW), "float64")


def next_log_probs(model, prefix, strengths, where):
    """By another road: the whole prefix anew, no cache."""
    return log_softmax(np.asarray(model.logits(prefix, strengths, **where), np.float64), axis=1)


def enumerated(model, prompt, strength, where, tokens):
    """The exact probability of every text of so many tokens."""
    step = {
        prefix: np.exp(next_log_probs(model, [*prompt, *prefix], [strength], where)[0])
        for n in range(tokens)
        for prefix in itertools.product(range(model.vocab_size), repeat=n)
    }
    texts = itertools.product(range(model.vocab_size), repeat=tokens)
    return {text: np.prod([step[text[:n]][text[n]] for n in range(tokens)]) for text in texts}


def test_frequencies_are_those_of_exact_enumeration(few):
    """All 64 texts of three tokens, at two strengths and for two prompts, by chi-square on 4,000 texts each."""
    where = {"layer": 0, "vector": direction(few)}
    prompts, strengths = [[1, 2, 0], [3]], [0.0, 0.7]
    found = sample(few, prompts, strengths, **where, tokens=3, samples=4000, seed=2, batch=4000)
    for p, a in np.ndindex(2, 2):
        exact = enumerated(few, prompts[p], strengths[a], where, 3)
        assert sum(exact.values()) == pytest.approx(1, abs=1e-9)
        counts = dict.fromkeys(exact, 0)
        for text in map(tuple, found.tokens[p, a].tolist()):
            counts[text] += 1
        seen, expected = (np.array([table[text] for text in exact]) for table in (counts, exact))
        rare = expected * 4000 < 5
        seen, expected = (np.append(x[~rare], x[rare].sum()) for x in (seen, expected * 4000))
        keep = expected > 0
        assert chisquare(seen[keep], expected[keep] * seen.sum() / expected[keep].sum()).pvalue > 1e-3
        log_prob = [np.log(exact[text]) for text in map(tuple, found.tokens[p, a].tolist())]
        np.testing.assert_allclose(found.log_prob[p, a].sum(axis=-1), log_prob, atol=1e-9)


@pytest.mark.parametrize(
    ("family", "layer"),
    [
        ("gpt2", 0),
        *(
            pytest.param(family, layer, marks=pytest.mark.slow)
            for family, layer in [("gemma3_text", 0), ("gemma3_text", [0, 1]), ("gemma3_text", 2), ("gpt2", [0, 2])]
        ),
    ],
)
def test_what_each_token_says(models, family, layer):
    """Log-probability, exact divergence and entropy of each step, from whole prefixes; windows and all."""
    model = models(family, "float64")
    v = direction(model) if np.ndim(layer) == 0 else np.stack([direction(model, n) for n in layer])
    where = {"layer": layer, "vector": v}
    texts = sample(model, PROMPTS, STRENGTHS, **where, tokens=6, samples=2, temperature=1.0, batch=7)
    for p, a, n in [(0, 1, 0), (1, 2, 1), (2, 0, 0), (2, 2, 1)]:
        for t in range(6):
            prefix = [*PROMPTS[p], *texts.tokens[p, a, n, :t].tolist()]
            own, base = next_log_probs(model, prefix, [STRENGTHS[a], 0.0], where)
            expected = own[texts.tokens[p, a, n, t]], np.exp(own) @ (own - base), -np.exp(own) @ own
            found = texts.log_prob[p, a, n, t], texts.divergence[p, a, n, t], texts.entropy[p, a, n, t]
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)
    assert texts.nats[:, 0].max() <= 1e-27  # at strength 0: squares of roundings of float64


@pytest.mark.slow
@pytest.mark.parametrize("drawing", [{}, {"temperature": 0.6, "top_k": 7, "top_p": 0.8}, {"temperature": 0}])
def test_batches_change_nothing(models, drawing):
    model = models("qwen3")
    asked: dict[str, Any] = {"layer": 1, "vector": direction(model), "tokens": 9, "samples": 2, "seed": 4, **drawing}
    together, some, alone = (sample(model, PROMPTS, STRENGTHS, **asked, batch=size) for size in (None, 4, 1))
    for other in (some, alone):
        np.testing.assert_array_equal(other.tokens, together.tokens)
        # float32 logits of this size are rounded to some 1e-6, and each batch adds in its own order
        np.testing.assert_allclose(other.log_prob, together.log_prob, atol=1e-4)
        np.testing.assert_allclose(other.divergence, together.divergence, atol=1e-4)
    changed: list[dict[str, Any]] = [asked | {"tokens": 12, "samples": 1}, asked | {"seed": 5}]
    longer = sample(model, PROMPTS, STRENGTHS[1:], **changed[0])
    otherwise = sample(model, PROMPTS, STRENGTHS, **changed[1])
    np.testing.assert_array_equal(longer.tokens[:, :, 0, :9], together.tokens[:, 1:, 0])
    assert np.array_equal(otherwise.tokens, together.tokens) == (drawing == {"temperature": 0})


@pytest.mark.slow
def test_what_top_k_and_top_p_leave(models):
    """Every token is among the k likeliest of its own step, and its log-probability is that of the cut distribution."""
    model = models("llama", "float64")
    where = {"layer": 0, "vector": direction(model)}
    texts = sample(model, PROMPTS[:1], [1.0], **where, tokens=5, samples=6, temperature=0.7, top_k=3)
    for text, said in zip(texts.tokens[0, 0], texts.log_prob[0, 0], strict=True):
        for t, token in enumerate(text):
            logits = np.asarray(model.logits([*PROMPTS[0], *text[:t].tolist()], [1.0], **where))[0] / 0.7
            best = np.argsort(-logits)[:3]
            assert token in best
            assert said[t] == pytest.approx(log_softmax(logits[best])[best.tolist().index(token)], abs=1e-9)


def test_texts_end(few):
    """After its end a text repeats the end token and costs nothing; before, it is what it would be without."""
    asked: dict[str, Any] = {"layer": 0, "vector": direction(few), "tokens": 8, "samples": 40}
    free = sample(few, [[1, 2]], [0.5], **asked)
    (usual,) = np.bincount(free.tokens.ravel()).argsort()[-1:].tolist()
    ended = sample(replace(few, end_tokens=(usual,)), [[1, 2]], [0.5], **asked)
    for text, whole, n, end in zip(
        ended.tokens[0, 0], free.tokens[0, 0], ended.lengths[0, 0], ended.ended[0, 0], strict=True
    ):
        first = next((t for t in range(8) if whole[t] == usual), 8)
        assert (n, end) == (min(first + 1, 8), first < 8)
        assert text.tolist() == [*whole[:n].tolist(), *[usual] * (8 - n)]
    after = np.arange(8) >= ended.lengths[0, 0][:, None]
    assert after.any()
    for table in (ended.log_prob, ended.divergence, ended.entropy):
        assert (table[0, 0][after] == 0).all()
        assert (table[0, 0][~after] != 0).all()
    forced = sample(few, [[1, 2]], [0.5], **asked, end_tokens=[0, 1, 2, 3])
    assert (forced.lengths == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gemma3_text", "gpt2"])
def test_costs_at_other_strengths(models, family):
    """A finished text's log-probability and divergence at any strength, from whole prefixes."""
    model = models(family, "float64")
    where = {"layer": 1, "vector": direction(model)}
    texts, strengths = [[5, 6, 7, 8], [1], [9, 9]], [0.0, -1.0, 0.4]
    found = text_costs(model, PROMPTS, texts, strengths, **where)
    for i, (prompt, text) in enumerate(zip(PROMPTS, texts, strict=True)):
        log_prob, nats = np.zeros(3), np.zeros(3)
        for t, token in enumerate(text):
            rows = next_log_probs(model, [*prompt, *text[:t]], strengths, where)
            log_prob += rows[:, token]
            nats += (np.exp(rows) * (rows - rows[0])).sum(axis=1)
        np.testing.assert_allclose(found.log_prob[i], log_prob, rtol=1e-10)
        np.testing.assert_allclose(found.divergence[i], nats, rtol=1e-8, atol=1e-12)
    with pytest.raises(ValueError, match="no weights at other strengths"):
        text_costs(model, PROMPTS, texts, strengths, **where, drawing=sample_drawing(model))


def sample_drawing(model):
    return sample(model, [[1]], [0.0], layer=0, vector=direction(model), tokens=1, top_p=0.9).drawing


@pytest.mark.slow
def test_bfloat16(models):
    """Each token's log-probability is as far from float32's as bfloat16's own logits of the whole prefix are."""
    model, wide = models("llama", "bfloat16"), models("llama")
    where = {"layer": 1, "vector": direction(model)}
    texts = sample(model, PROMPTS, [0.5], **where, tokens=6, samples=2)
    ours, peers = [], []
    for p, n, t in np.ndindex(3, 2, 6):
        prefix, token = [*PROMPTS[p], *texts.tokens[p, 0, n, :t].tolist()], texts.tokens[p, 0, n, t]
        exact, half = (next_log_probs(one, prefix, [0.5], where)[0, token] for one in (wide, model))
        ours.append(texts.log_prob[p, 0, n, t] - exact)
        peers.append(half - exact)
    # Both are roundings of the same size in another order; means of 36 vary by some third.
    assert 0 < np.mean(np.square(ours)) <= 4 * np.mean(np.square(peers))


@pytest.mark.slow
def test_a_file_keeps_everything(models, tmp_path):
    model = models("gpt2")
    texts = sample(model, PROMPTS, STRENGTHS, layer=1, vector=direction(model), tokens=4, samples=2, top_k=9, seed=3)
    texts.write(tmp_path / "texts.nc")
    again = SampledTexts.read(tmp_path / "texts.nc")
    for name, value in vars(texts).items():
        kept = getattr(again, name)
        assert np.array_equal(kept, value) if isinstance(value, np.ndarray) else kept == value, name
    frame = texts.to_dataframe()
    assert len(frame) == 18
    assert frame["nats"].to_numpy().reshape(3, 3, 2) == pytest.approx(texts.nats)
    (tmp_path / "broken.nc").write_bytes((tmp_path / "texts.nc").read_bytes()[:-900])
    with pytest.raises(ValueError, match="broken"):
        SampledTexts.read(tmp_path / "broken.nc")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"prompts": []}, "expected a list of one prompt or more"),
        ({"prompts": "abc"}, "expected a list of one prompt or more"),
        ({"prompts": [[]]}, "a prompt has shape .*, expected one token or more"),
        ({"tokens": 0}, "tokens is 0, expected 1 or more"),
        ({"tokens": 36}, "do not fit the 44 positions of .* at most 35 tokens"),
        ({"samples": 0}, "samples is 0, expected 1 or more"),
        ({"batch": 0}, "batch is 0, expected 1 or more"),
        ({"strengths": [np.nan]}, "strengths contain NaN"),
        ({"end_tokens": [53]}, "end token 53: expected token ids"),
        ({"layer": 3}, "layer is 3, expected a block"),
    ],
)
def test_bad_input_is_one_line(models, wrong, message):
    model = models("gpt2")
    asked = {"prompts": PROMPTS, "strengths": STRENGTHS, "layer": 1, "vector": direction(model), "tokens": 4}
    with pytest.raises(ValueError, match=message) as raised:
        sample(model, **asked | wrong)
    assert "\n" not in str(raised.value)
