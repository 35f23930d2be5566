"""Every half-width: the certified truth lies in the band of logits that are as far off as rounding may put them.

The variables are those of the table, so that a new one is tested by being there; a model in balls says what is true.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from certified_balls import ball
from certified_model import observed
from certified_ranks import GRID
from certified_tilts import Tilt
from certified_worlds import FALSE_NO, FALSE_YES, TEXT_LENGTH, Subject, log_probabilities, total
from numerics.bands.band import ROUNDING
from numerics.baseline import Writing
from numerics.observing.cross_entropy import observe_cross_entropy
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.sweep import Sweep, merge
from numerics.observing.variables import CURVES, HALFWIDTH, OBSERVED
from numerics.observing.watched import Watched
from numerics.observing.whole_texts import Scored, observe_texts
from theory.quantities import QUANTITIES, Quantity

BANDS = [name for name, row in OBSERVED.items() if row.halfwidth is not None]
FAR = 0.9
"""Of the rounding that the band allows, how much the logits are off by."""
NARROW = 1 / 8
"""Of its half-width, how far at least a value is off for some of the errors drawn: no band is ten times too wide."""

NEARLY = Fraction(12840254167, 10**10)
"""e^(1/4): at strength 1/2 the first two tokens of the first context are equally probable but for 1e-11."""
WEIGHTS = ((NEARLY * 40, Fraction(40), 7, 5, 3, 1), (3, 1, 8, 2, 9, 4))
WORLD = Tilt(
    laws=tuple(tuple(Fraction(w) / sum(map(Fraction, row)) for w in row) for row in WEIGHTS),
    levels=(1, 2, -2, 0, 2, -1),
    scale=Fraction(1, 2),
    offsets=(3, -2),
    other=tuple(Fraction(m, 4) for m in (1, -3, 2, 0, 1, -1)),
    concepts=(frozenset({0, 3}), frozenset({1, 2, 5})),
    target=frozenset({0, 3}),
    shares=(Fraction(1, 3), Fraction(2, 3)),
    data=tuple(tuple(Fraction(w, 21) for w in row) for row in ((1, 2, 3, 4, 5, 6), (6, 5, 4, 3, 2, 1))),
)
CONCEPT_NAMES = ("one", "other")
STRENGTHS = [at * WORLD.unit for at in GRID]
SLOPES = np.array([WORLD.shift(), WORLD.other], float)
"""Of the logits, along either vector."""


def _cross_entropy(subject: Subject, at: Fraction) -> Any:
    logs, data = log_probabilities(WORLD, subject.context, at), WORLD.data
    assert data is not None
    return -total([ball(share) * log for share, log in zip(data[subject.context], logs, strict=True)])


OTHERWISE: dict[str, Callable[[Subject, Fraction], Any]] = {
    "mean_logprob": lambda subject, at: total(log_probabilities(WORLD, subject.context, at)) / subject.size,
    "cross_entropy": _cross_entropy,
}
"""The truth about variables that are no quantity of `theory.quantities`."""


def truth(name: str, subject: Subject, at: Fraction) -> float:
    """Certified, but for the last bits of a float."""
    value = OTHERWISE[name](subject, at) if name in OTHERWISE else observed(QUANTITIES[name], subject, at)
    return float(value) if value.is_finite() else np.nan


class Rounded:
    """The world in float32, its logits, slopes and losses off by nearly as much as their rounding may be.

    `signs` says which of the tokens are too high and which too low.
    """

    name, vocab_size = "rounded", len(WORLD.log_odds)

    def __init__(self, signs: np.ndarray):
        self.signs = signs

    def off(self, exact: np.ndarray) -> np.ndarray:
        reach = FAR * ROUNDING * np.finfo(np.float32).eps * np.abs(exact).max(axis=1, keepdims=True)
        return (exact + reach * np.resize(self.signs, exact.shape)).astype(np.float32)

    def logits(self, tokens, strengths, *, layer, vector):
        base = np.array([float(x) for x in WORLD.logits(tokens, ball(Fraction(0)))])
        return self.off(base + np.outer(strengths, vector @ SLOPES))

    def derivative(self, tokens, strengths, *, layer, vector):
        return self.off(np.tile(vector @ SLOPES, (len(strengths), 1)))

    def cross_entropy(self, segments, strengths, *, layer, vector):
        each = [[float(_cross_entropy(Subject(world=WORLD, context=j), at)) for j in segments] for at in STRENGTHS]
        return self.off(np.array(each))


def errors() -> Iterator[np.ndarray]:
    """Signs at random and, against each token, each concept and the order of the log-odds, at their worst."""
    size, draw = len(WORLD.log_odds), np.random.default_rng(0)
    for mask in (*np.eye(size), *(np.isin(np.arange(size), list(c)) for c in WORLD.concepts), np.array(WORLD.levels)):
        yield from (np.where(mask > 0, side, -side) for side in (1.0, -1.0))
    yield from (draw.choice([-1.0, 1.0], size=(len(GRID), size)) for _ in range(8))


@cache
def sweeps() -> list[Sweep]:
    """Of one and the same world, each time with other errors."""
    steering = Steering(layer=0, vector=np.array([1.0, 0.0]))
    watched = Watched(
        tokens=WORLD.tokens,
        log_odds=np.array(WORLD.log_odds, float),
        concepts=np.array([np.isin(WORLD.tokens, list(c)) for c in WORLD.concepts]),
        other_vector=np.array([0.0, 1.0]),
        concept_names=CONCEPT_NAMES,
    )
    grid, concepts = np.array(STRENGTHS, float), watched.concepts
    assert isinstance(concepts, np.ndarray)
    writing = Writing(follows=np.array([WORLD.follows(z) for z in WORLD.tokens]), length=TEXT_LENGTH)
    errors_of_judge = np.array([FALSE_YES, FALSE_NO], float)
    scored = Scored(concepts=concepts, names=CONCEPT_NAMES, errors=errors_of_judge)
    return [
        merge(
            observe_next_token(model, WORLD.contexts, grid, steering, watched),
            observe_texts(model, WORLD.contexts, grid, steering, writing, scored),
            observe_cross_entropy(model, WORLD.contexts, grid, steering, weights=np.array(WORLD.shares, float)),
        )
        for model in map(Rounded, errors())
    ]


@cache
def truths(name: str) -> np.ndarray:
    """The certified values, over the dimensions of the variable."""
    axes = {
        "context": [{"context": j} for j in WORLD.contexts],
        "segment": [{"context": j} for j in WORLD.contexts],
        "token": [{"token": z} for z in WORLD.tokens],
        "concept": [{"concept": c} for c in range(len(WORLD.concepts))],
        "strength": [{"at": at} for at in STRENGTHS],
        "slope_strength": [{"at": at} for at in STRENGTHS],
        "rank": [{"at": Fraction(n)} for n in range(1, 1 + min(len(GRID), len(WORLD.tokens)))],
    }
    dimensions = CURVES[name].dimensions
    values = []
    for places in product(*(axes[axis] for axis in dimensions)):
        place = {key: value for part in places for key, value in part.items()}
        at = place.pop("at")
        values.append(truth(name, Subject(world=WORLD, **place), at))
    return np.reshape(values, [len(axes[axis]) for axis in dimensions])


def shares_of_band(name: str, factor: float = 1.0) -> float:
    """How far values are off at most, in half-widths that are taken `factor` times as wide as they are."""
    exact, worst = truths(name), 0.0
    for sweep in sweeps():
        dimensions = CURVES[name].dimensions
        value, width = (sweep.data[n].broadcast_like(sweep.data[name]) for n in (name, name + HALFWIDTH))
        value, width = (array.transpose(*dimensions).to_numpy() for array in (value, width))
        if name == "singular_values":  # of a table of fewer tokens than strengths the rest are 0
            value, width = value[:, : exact.shape[1]], width[:, : exact.shape[1]]
        off = np.where(np.isnan(exact), 0.0, np.abs(value - exact))
        certain = 1e-13 * (1 + np.abs(value)) * np.isfinite(exact)  # of float64 sums, beside a band of float32
        with np.errstate(divide="ignore", invalid="ignore"):
            worst = max(worst, np.nanmax(np.where(off <= certain, 0.0, off / (factor * width))))
    return worst


@pytest.mark.parametrize("name", BANDS)
def test_a_band_holds_the_truth_and_is_no_wider_than_rounding_makes_it(name: str):
    assert NARROW <= shares_of_band(name) <= 1


@pytest.mark.parametrize("name", BANDS)
def test_a_band_of_no_width_or_ten_times_too_wide_would_be_noticed(name: str):
    for factor in (0.0, 10.0):
        assert not NARROW <= shares_of_band(name, factor) <= 1


@pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=QUANTITIES)
def test_curves_hold_the_truth_about_every_quantity(quantity: Quantity):
    """Those that are put together from several variables, too."""
    sizes = {"context": len(WORLD.contexts), "token": len(WORLD.tokens), "concept": len(WORLD.concepts)}
    own = sorted(set(WORLD.log_odds))[1:-1]
    points = {"strength": STRENGTHS, "log_odds": own, "rank": [Fraction(n) for n in range(1, len(WORLD.tokens) + 1)]}
    seen = [sweep.curves(quantity) for sweep in sweeps()[::5]]
    for place in product(*(range(sizes[axis]) for axis in quantity.per)):
        subject = Subject(world=WORLD, **dict(zip(quantity.per, place, strict=True)))
        for at in points[quantity.along]:
            exact = truth(quantity.id, subject, at)
            if np.isnan(exact):
                continue
            for curves in seen:
                n = int(np.flatnonzero(np.isclose(curves.strengths, float(at)))[0])
                slack = 1e-13 * (1 + abs(exact))
                assert curves.lower[(*place, n)] - slack <= exact <= curves.upper[(*place, n)] + slack


def test_every_variable_that_has_a_half_width_is_known_to_the_table():
    held = {str(name).removesuffix(HALFWIDTH) for name in sweeps()[0].data if str(name).endswith(HALFWIDTH)}
    assert held == set(BANDS)
