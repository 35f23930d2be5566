"""A directory of results as a plan leaves it, of a model whose curves are known in closed form: no network in it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit, log_expit

from numerics.baseline import Baseline
from numerics.observing.cross_entropy import observe_cross_entropy
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.watched import Watched
from real_models.sampling.batches import Wanted
from real_models.sampling.rescoring import TextCosts
from real_models.sampling.sampling import Draws
from real_models.sampling.slopes import TextSlopes
from real_models.text_curves.curve import TextCurve, curve_of
from real_models.text_curves.prediction import TextPrediction
from real_models.text_curves.saving import write_texts
from steerlaw.inputs.observation_file import save_observations
from steerlaw.inputs.subjects import Kind, Observation, Subject
from steerlaw.plans.cell import Cell, write_cells

WORDS = [f"{a}{b}" for a in ("evil", "good", "dark", "glad", "cruel", "kind") for b in ("", "ly", "er", "ness")]
TEXTS = [*WORDS, " the", ",", "42", "<x>", "$a$", "d'"]
VOCAB = len(TEXTS)
RNG = np.random.default_rng(11)
LOGITS = RNG.normal(0, 1.5, (2, VOCAB))
LOG_PROBS = LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True))
ODDS = RNG.normal(0, 0.06, VOCAB)
TARGET = np.array([text.startswith(("evil", "dark", "cruel")) for text in TEXTS])
ODDS[TARGET] += 0.05
SEGMENTS = np.array([[0, 3, 5], [1, 2, 7]])
STRENGTHS = np.linspace(-200, 200, 41)
HELD = {"log_probability", "start", "end", "shape_departure"}


class Tilting:
    """Logits move by alpha times `push`, less so far out where `bend` is not 0."""

    def __init__(self, push, bend=0.0):
        self.name, self.vocab_size = "tilting", VOCAB
        self.push, self.bend = push, bend

    def logits(self, context, strengths, *, layer, vector, positions="all"):
        alpha = np.asarray(strengths)[:, None]
        return LOGITS[context] + alpha * self.push / (1 + self.bend * np.abs(alpha))

    def cross_entropy(self, segments, strengths, /, *, layer, vector):
        rows = []
        for segment in segments:
            logits = self.logits(0, strengths, layer=layer, vector=vector)
            log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
            rows.append(-log_probs[:, segment[1:]].mean(axis=1))
        return np.stack(rows, axis=1)


MODELS = {"vector": ODDS, "random_direction": RNG.permutation(ODDS)}
BLOCKS = {"early": (0, 0.02), "middle": (1, 0.004), "last": (2, 0.0)}


def observed(kind: Kind, along: str, layer: int, bend: float, strengths=STRENGTHS, odds=None) -> Observation:
    """One sweep of the model, with what was known of it before steering."""
    push = MODELS[along] if odds is None else odds
    model: Any = Tilting(push, bend)
    steering = Steering(layer=layer, vector=np.ones(2))
    baseline = Baseline(
        log_probs=LOG_PROBS,
        log_odds=push,
        logit_shift=push,
        local_log_odds=np.tile(push, (2, 1)),
        weights=np.full(2, 0.5),
        concepts=TARGET[None],
    )
    if kind == "next token":
        watched = Watched(tokens=np.arange(VOCAB), log_odds=push, concepts=TARGET[None], concept_names=("evil",))
        sweep = observe_next_token(model, [0, 1], strengths, steering, watched, wanted=HELD)
    else:
        sweep = observe_cross_entropy(model, SEGMENTS, strengths, steering)
        baseline = Baseline(
            log_probs=LOG_PROBS[[0, 0, 0, 0]],
            log_odds=push,
            weights=np.full(4, 0.25),
            data=SEGMENTS[:, 1:].ravel(),
        )
    subject = Subject(
        model="tilting",
        layer=layer,
        concept="evil",
        concept_names=("evil",),
        contexts=["The way", "A way"] if kind == "next token" else (),
        kinds=frozenset({"next token"}) if kind == "next token" else frozenset({"cross-entropy"}),
        push=0.01,
        control=None if along == "vector" else "random_direction",
        token_text=TEXTS.__getitem__,
    )
    named = sweep.data.assign_attrs(sweep.attributes | {"model": "tilting", "concept": "evil", "push": 0.01})
    return Observation(subject=subject, kind=kind, sweep=type(sweep)(data=named), baseline=baseline)


def text_curve(sign: float, prompts: int = 60, each: int = 6) -> TextCurve:
    """Texts of one token, 1 with probability sigmoid(sign alpha - 1), drawn exactly; the score is the token."""
    strengths, rng = np.linspace(-4, 4, 9), np.random.default_rng(5)
    at = strengths[::2]
    prompt, which, text = (n.reshape(-1) for n in np.indices((prompts, len(at), each)))
    wanted = Wanted(prompt=prompt, strength=at[which], stream=which * each + text)
    tokens = (rng.random(len(prompt)) < expit(sign * wanted.strength - 1)).astype(int)
    own = np.where(tokens == 1, 1, -1)
    log_prob = log_expit(own[:, None] * (sign * strengths - 1))
    chance = expit(sign * strengths - 1)
    nats = chance * np.log(chance / expit(-1.0)) + (1 - chance) * np.log((1 - chance) / expit(1.0))
    column = np.zeros((len(prompt), 1))
    draws = Draws(
        tokens=tokens[:, None],
        log_prob=log_prob[np.arange(len(prompt)), 2 * which][:, None],
        divergence=column,
        entropy=column,
        lengths=np.ones(len(prompt), int),
        ended=np.ones(len(prompt), bool),
    )
    costs = TextCosts(log_prob=log_prob, divergence=np.tile(nats, (len(prompt), 1)))
    return curve_of(strengths, wanted, draws, costs, [str(t) for t in tokens], tokens.astype(float), 0.05)


def text_prediction(sign: float, prompts: int = 60, each: int = 6) -> TextPrediction:
    """Unsteered texts of the same kind, with the derivatives of their log-probabilities at strength 0."""
    count, chance = prompts * each, expit(-1.0)
    tokens = (np.random.default_rng(6).random(count) < chance).astype(int)
    spread = np.full(count, chance * (1 - chance))
    slopes = TextSlopes(first=sign * (tokens - chance), second=-spread, information=spread[:, None])
    return TextPrediction(
        prompts=[[0]] * prompts,
        prompt=np.repeat(np.arange(prompts), each),
        tokens=tokens[:, None],
        lengths=np.ones(count, int),
        texts=[str(t) for t in tokens],
        log_prob=np.where(tokens == 1, log_expit(-1.0), log_expit(1.0)),
        slopes=slopes,
    )


FIGURES = {
    "next-token": {"6": ("middle",), "A.3": ("middle",), "A.7": tuple(BLOCKS), "Table A.2": ("middle",)},
    "cross-entropy": {"7 bottom": ("middle",), "A.13": tuple(BLOCKS)},
    "self-cross-entropy": {"A.13": ("last",)},
}


def write_results(results: Path) -> list[Cell]:
    """Cells for a few figures of every kind that needs no sampled texts, and their files."""
    cells: list[Cell] = []
    for observe, figures in FIGURES.items():
        for figure, blocks in figures.items():
            for block in blocks:
                for seed in range(3 if figure == "A.3" else 1):
                    cells += [_cell(results, observe, figure, block, along, seed) for along in MODELS]
    cells += [_texts(results, "7 top", 1.0), _texts(results, "A.12", -1.0), _ability(results)]
    write_cells(results, cells)
    return cells


def _cell(results: Path, observe: str, figure: str, block: str, along: str, seed: int) -> Cell:
    layer, bend = BLOCKS[block]
    name = f"{observe}-{layer}-{along}-{seed}"
    path = results / "cells" / name / "sweep.nc"
    if not path.exists():
        path.parent.mkdir(parents=True)
        odds = MODELS[along] * (1 + 0.1 * seed)
        kind: Kind = "next token" if observe == "next-token" else "cross-entropy"
        save_observations([observed(kind, along, layer, bend, odds=odds)], path)
    return _named(name, figure, layer, block, along, seed, observe, f"cells/{name}/sweep.nc")


def _texts(results: Path, figure: str, sign: float) -> Cell:
    name = f"texts-{figure.replace(' ', '-')}"
    path = results / "cells" / name / "texts.nc"
    path.parent.mkdir(parents=True)
    prediction = text_prediction(sign)
    write_texts(path, text_curve(sign), (prediction, prediction.tokens[:, 0].astype(float)))
    return _named(name, figure, 1, "middle", "vector", 0, "concept-probability", f"cells/{name}/texts.nc")


def _ability(results: Path) -> Cell:
    path = results / "cells" / "ability" / "ability.json"
    path.parent.mkdir(parents=True)
    scores = {"alphas": [5, -5, 0], "overall_scores": [0.3, 0.27, 0.4], "task_scores": {}}
    bounds = {"change_lower": [-0.2, -0.3, 0.0], "change_upper": [0.001, -0.05, 0.0]}
    path.write_text(json.dumps(scores | bounds))
    return _named("ability", "A.6", 1, "middle", "vector", 0, "ability", "cells/ability/ability.json")


def _named(name, figure, layer, block, along, seed, observe, file) -> Cell:
    return Cell(
        id=name,
        figure=figure,
        model="tilting",
        concept="evil",
        layer=layer,
        block=block,
        negatives="random",
        seed=seed,
        along=along,
        positions="all",
        unit=False,
        observe=observe,
        strengths="-200:200:41",
        file=file,
    )
