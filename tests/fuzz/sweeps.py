"""What steerlaw writes for itself: sweeps, and the plan of unfinished work."""

import random
from pathlib import Path

import numpy as np
import xarray as xr

from formulas import Curved
from fuzz.reader import Reader
from numerics.baseline import Baseline
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.recorded import without_tables
from numerics.observing.sweep import Sweep
from numerics.observing.watched import Watched
from steerlaw.experiments.parts import close_parts, finish_part, open_parts, parts_directory
from steerlaw.inputs.observation_file import load_observations, save_observations
from steerlaw.inputs.subjects import Observation, Subject

PLANNED = {"format": 1, "strengths": "abc", "vector": {"3": "def"}}


def small_sweep(rng: random.Random) -> Sweep:
    """Two contexts, three tokens, five strengths."""
    random_ = np.random.default_rng(rng.randrange(2**32))
    logs = -random_.exponential(size=(2, 3, 5)).astype(np.float32)
    coordinates = {"strength": np.linspace(-1, 1, 5), "token": [0, 2, 3]}
    data = {"log_probability": (("context", "token", "strength"), logs)}
    return Sweep(data=xr.Dataset(data, coords=coordinates, attrs={"model": "m", "layer": 0, "dtype": "float32"}))


def make_sweep(folder: Path, rng: random.Random) -> Path:
    """A sweep with all that was known before it."""
    random_ = np.random.default_rng(rng.randrange(2**32))
    known = Baseline(
        log_probs=np.log(random_.dirichlet(np.ones(4), size=2)),
        log_odds=random_.normal(size=4),
        weights=np.array([0.5, 0.5]),
    )
    subject = Subject(model="m", layer=0, concept="c", contexts=[[1], [2]])
    path = folder / "s.nc"
    save_observations([Observation(subject=subject, kind="next token", sweep=small_sweep(rng), baseline=known)], path)
    return path


def make_parts(folder: Path, rng: random.Random) -> Path:
    """Unfinished work: a plan and one part."""
    out = folder / "s.nc"
    try:
        with open_parts(out, PLANNED) as directory:
            finish_part(directory / "0.nc", "made", lambda: small_sweep(rng))
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        return parts_directory(out)


def take_up(parts: Path) -> None:
    """Go on with unfinished work to its end."""
    with open_parts(parts.with_name("s.nc"), PLANNED) as directory:
        finish_part(directory / "0.nc", "made", lambda: small_sweep(random.Random(0)))
        close_parts(directory)


def make_curves(folder: Path, rng: random.Random) -> Path:
    """A sweep that holds curves and no tables, with their unembedding."""
    subject = Subject(model="m", layer=0, concept="c", contexts=[[1], [2]])
    steering, grid = Steering(layer=0, vector=np.ones(1)), np.linspace(-2, 2, 25)
    swept = without_tables(observe_next_token(Curved(notch=rng.random()), [0, 1], grid, steering, Watched(tokens=[1])))
    path = folder / "c.nc"
    save_observations([Observation(subject=subject, kind="next token", sweep=swept, baseline=None)], path)
    return path


READERS = {
    "sweep": Reader(make=make_sweep, read=load_observations),
    "curves": Reader(make=make_curves, read=load_observations),
    "parts": Reader(make=make_parts, read=take_up),
}
