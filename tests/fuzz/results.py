"""Other people's results, saved sweeps and bare curves: one valid sample of each kind, and what reads it."""

import random
from pathlib import Path

import numpy as np
import xarray as xr

from fuzz.reader import Reader
from numerics.baseline import Baseline
from numerics.observing.sweep import Sweep
from reference_samples import ALPHAS, cross_entropy, judged, log_odds, next_token, scores, tilted
from steerlaw.inputs.curve_file import read_curve
from steerlaw.inputs.observation_file import load_observations, save_observations
from steerlaw.inputs.reference_results import read_results
from steerlaw.inputs.subjects import Observation, Subject
from steerlaw.inputs.token_texts import token_texts


def _next_token(directory: Path, rng: random.Random) -> Path:
    return next_token(directory / "layer_3_ctx_0.npz", tilted(rng.randrange(100)), top=rng.choice((2, 6, 20)))


def _judged(directory: Path, rng: random.Random) -> Path:
    return judged(directory / "layer_3_concept_probs.npz", rng.random(), seed=rng.randrange(100))


def _cross_entropy(directory: Path, rng: random.Random) -> Path:
    return cross_entropy(directory / "layer_3_cross_entropy.npz", (ALPHAS.astype(float) / rng.uniform(4, 9)) ** 2)


def _log_odds(directory: Path, rng: random.Random) -> Path:
    return log_odds(directory / "log_odds_topk.npz", keep=rng.choice((None, 10)))


def _scores(directory: Path, rng: random.Random) -> Path:
    return scores(directory / "layer_3_mmlu.json")


def _read_beside(path: Path) -> object:
    """Log-odds, joined to curves."""
    results = path.parent / "results"
    next_token(results / "layer_3_ctx_0.npz")
    (results / "log_odds_topk.npz").write_bytes(path.read_bytes())
    return read_results(results)


def _sweep(directory: Path, rng: random.Random) -> Path:
    chance = np.random.default_rng(rng.randrange(2**32))
    logs = chance.normal(size=(2, 3, 5)).astype(np.float32)
    coords = {"strength": np.linspace(-1, 1, 5), "token": [0, 2, 4], "concept": ["joy"]}
    data = xr.Dataset(
        {
            "log_probability": (("context", "token", "strength"), logs),
            "concept_logit": (("context", "concept", "strength"), chance.normal(size=(2, 1, 5))),
            "chosen_after": ("token", np.array([True, False, False])),
        },
        coords=coords,
        attrs={"model": "openai/gpt2", "notes": ["one"], "layer": 3},
    )
    baseline = Baseline(log_probs=chance.normal(size=(2, 6)), log_odds=chance.normal(size=6), facts=frozenset({"a"}))
    subject = Subject(model="openai/gpt2", layer=3, concept="joy", push=0.5)
    path = directory / "sweep.nc"
    save_observations(
        [
            Observation(subject=subject, kind="next token", sweep=Sweep(data=data), baseline=baseline),
            Observation(subject=subject, kind="limit", sweep=Sweep(data=data), baseline=None),
        ],
        path,
    )
    return path


def _curve(directory: Path, rng: random.Random) -> Path:
    path = directory / "curve.csv"
    bounded = rng.random() < 0.5
    rows = [[x / 4, rng.gauss(0, 1)] for x in range(-8, 9)]
    rows = [[x, y, y - 1, y + 1] if bounded else [x, y] for x, y in rows]
    lines = ["strength,value,lower,upper" if bounded else "strength,value", *(",".join(map(repr, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def _tokenizer(directory: Path, rng: random.Random) -> Path:
    from tokenizers import Tokenizer, models

    path = directory / "tokenizer.json"
    Tokenizer(models.WordLevel({f"w{n}": n for n in range(rng.randrange(1, 9))}, unk_token="w0")).save(str(path))
    return path


def _word(path: Path) -> object:
    text_of = token_texts(path)
    assert text_of is not None
    return text_of(0), text_of(10**6)


READERS: dict[str, Reader] = {
    "next token": Reader(make=_next_token, read=read_results),
    "judged": Reader(make=_judged, read=read_results),
    "cross-entropy": Reader(make=_cross_entropy, read=read_results),
    "log-odds": Reader(make=_log_odds, read=_read_beside),
    "scores": Reader(make=_scores, read=read_results),
    "sweep": Reader(make=_sweep, read=load_observations),
    "curve": Reader(make=_curve, read=read_curve),
    "tokenizer": Reader(make=_tokenizer, read=_word),
}
