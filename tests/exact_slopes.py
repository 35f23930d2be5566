"""Slopes of curves under log-odds `k_z * scale`, k_z integers, on all of R: rational functions of X = exp(alpha scale).

With rational probabilities their numerators are rational polynomials, whose sign changes on X > 0 Sturm sequences
count exactly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any

from flint import fmpq, fmpq_poly

from certified_tilts import Tilt
from certified_worlds import Subject

X = fmpq_poly([0, 1])


def rational(number: Fraction | int) -> fmpq:
    return fmpq(number.numerator, number.denominator)


@dataclass(frozen=True)
class Ratio:
    """A rational function whose denominator is positive on X > 0."""

    over: fmpq_poly
    under: fmpq_poly

    def __add__(self, other: "Ratio") -> "Ratio":
        return Ratio(self.over * other.under + other.over * self.under, self.under * other.under)

    def __mul__(self, number: Fraction | int) -> "Ratio":
        return Ratio(self.over * rational(number), self.under)

    def __sub__(self, other: "Ratio") -> "Ratio":
        return self + other * -1

    def slope(self) -> "Ratio":
        """X d/dX: the derivative in the strength, in units of the scale."""
        return Ratio(X * (self.over.derivative() * self.under - self.over * self.under.derivative()), self.under**2)


def constant(number: Fraction | int) -> Ratio:
    return Ratio(fmpq_poly([rational(number)]), fmpq_poly([1]))


@dataclass(frozen=True)
class _Law:
    """A context's tilted law as polynomials."""

    world: Tilt
    context: int

    def weighted(self, g: Callable[[int], Fraction | int]) -> fmpq_poly:
        """`sum_y g(y) p(y) X^(k_y - k_min)`."""
        world, lowest = self.world, min(self.world.levels)
        terms = [Fraction(0)] * (max(world.levels) - lowest + 1)
        for z, level in enumerate(world.levels):
            terms[level - lowest] += g(z) * world.laws[self.context][z]
        return fmpq_poly([rational(term) for term in terms])

    def mean(self, within: Callable[[int], int] = lambda z: 1) -> Ratio:
        """Mean of the levels among some tokens."""
        return Ratio(self.weighted(lambda z: within(z) * self.world.levels[z]), self.weighted(within))

    def mean_at_0(self) -> Fraction:
        return sum((k * p for k, p in zip(self.world.levels, self.world.laws[self.context], strict=True)), Fraction(0))


def slope_of(quantity: str, subject: Subject) -> Ratio | None:
    """Derivative in the strength, in units of the scale, where it is a rational function of X; else None."""
    world = subject.world
    if not isinstance(world, Tilt) or quantity not in _SLOPES:
        return None
    return _SLOPES[quantity](subject, world, _Law(world, subject.context))


def _concept(subject: Subject, world: Tilt, law: _Law) -> Ratio:
    inside = law.mean(lambda z: int(z in subject.members))
    return inside - law.mean(lambda z: int(z not in subject.members))


def _cross_entropy(subject: Subject, world: Tilt, law: _Law) -> Ratio:
    parts = []
    for context, share in enumerate(world.shares):
        here = _Law(world, context)
        row = world.data[context] if world.data else world.laws[context]
        expected = sum((k * r for k, r in zip(world.levels, row, strict=True)), Fraction(0))
        parts.append((here.mean() - constant(expected)) * share)
    return reduce(add, parts)


_SLOPES: dict[str, Callable[[Subject, Tilt, _Law], Ratio]] = {
    "log_probability": lambda subject, world, law: constant(world.levels[subject.token]) - law.mean(),
    "log_probability_slope": lambda subject, world, law: law.mean().slope() * -world.scale,
    "log_ratio": lambda subject, world, law: constant(world.levels[subject.token] - world.levels[subject.reference]),
    "mean_log_odds": lambda subject, world, law: law.mean().slope() * world.scale,
    "kl_reverse": lambda subject, world, law: law.mean() - constant(law.mean_at_0()),
    "concept_logit": _concept,
    "cross_entropy_change": _cross_entropy,
}


def signs_on_the_line(ratio: Ratio) -> list[int]:
    """The signs a rational function takes as X runs through the positive numbers, one for each run of equal ones."""
    over = ratio.over
    if over == 0:
        return []
    while over[0] == 0:
        over = over // X
    odd = [factor for factor, power in over.factor_squarefree()[1] if power % 2] if over.degree() else []
    changes = sum(positive_roots(factor) for factor in odd)
    first = 1 if over[0] > 0 else -1
    return [first * (-1) ** n for n in range(changes + 1)]


def positive_roots(polynomial: fmpq_poly) -> int:
    """Distinct positive roots of a square-free polynomial with non-zero constant term (Sturm)."""
    chain = [polynomial, polynomial.derivative()]
    while chain[-1].degree() > 0:
        chain.append(-(chain[-2] % chain[-1]))
    return _variations([p[0] for p in chain]) - _variations([p.leading_coefficient() for p in chain])


def _variations(values: Sequence[Any]) -> int:
    kept = [value for value in values if value != 0]
    return sum((before > 0) != (after > 0) for before, after in pairwise(kept))
