"""Models with affine logits, which steering tilts exactly: any rational laws, and laws of concepts."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from flint import arb

import theory.facts as facts
import theory.tilted as tilted
from certified_balls import Log, Number, ball
from certified_worlds import Strength, Subject, Table, World, total


@dataclass(frozen=True, kw_only=True, eq=False)
class Tilt(World):
    """A model with affine logits, trained perfectly on rational laws: `log p + g_j + alpha (M + g)`, offsets g free.

    Log-odds are `levels * scale`.
    """

    laws: Table
    levels: tuple[int, ...]
    scale: Fraction
    offsets: tuple[int, ...]

    def __str__(self) -> str:
        odds = [str(m) for m in self.log_odds]
        return (
            f"p = {[[str(p) for p in law] for law in self.laws]}, M = {odds}, C = {[sorted(c) for c in self.concepts]},"
            f" pi = {[str(w) for w in self.shares]}, r = {self.data and [[str(r) for r in row] for row in self.data]},"
            f" M' = {[str(m) for m in self.other]}"
        )

    @cached_property
    def log_odds(self) -> tuple[Fraction, ...]:
        return tuple(level * self.scale for level in self.levels)

    @property
    def unit(self) -> Fraction:
        return 1 / (self.scale * max(1, max(self.levels) - min(self.levels)))

    def probability(self, context: int, token: int) -> Fraction:
        return self.laws[context][token]

    def shift(self) -> list[Fraction]:
        """Slopes of the logits; an offset common to all tokens drops out of every law."""
        return [m + self.scale * self.offsets[0] for m in self.log_odds]

    def logits(self, context: int, strength: Strength) -> list[Any]:
        base = (ball(Log(p)) + self.offsets[context] for p in self.laws[context])
        return [logit + strength * ball(slope) for logit, slope in zip(base, self.shift(), strict=True)]

    def array(self, base: Any, indices: tuple[int, ...]) -> Number:
        match base:
            case tilted.logit:
                return ball(Log(self.laws[indices[0]][indices[1]])) + self.offsets[indices[0]]
            case tilted.logit_shift:
                return self.shift()[indices[0]]
            case tilted.M_local:
                return self.shift()[indices[1]]
        return super().array(base, indices)

    def symbol(self, symbol: Any, subject: "Subject") -> Number:
        return Fraction(0) if symbol == facts.logit_curvature else super().symbol(symbol, subject)


@dataclass(frozen=True, kw_only=True, eq=False)
class ConceptTilt(World):
    """A perfectly trained affine model of a law of concepts (Assumption 1), steered by a difference of mean features.

    `inside` holds a_z, `outside` b_z; `concepts` partition the tokens; `homes` is the concept of each context.
    """

    inside: tuple[Fraction, ...]
    outside: tuple[Fraction, ...]
    homes: tuple[int, ...]
    positive: tuple[int, ...]
    negative: tuple[int, ...]
    offsets: tuple[int, ...]

    def __str__(self) -> str:
        return (
            f"a = {[str(x) for x in self.inside]}, b = {[str(x) for x in self.outside]},"
            f" concepts {[sorted(c) for c in self.concepts]}, contexts of {self.homes}, P = {self.positive},"
            f" N = {self.negative}, pi = {[str(w) for w in self.shares]}, M' = {[str(m) for m in self.other]}"
        )

    def probability(self, context: int, token: int) -> Fraction:
        return self.inside[token] if token in self.concepts[self.homes[context]] else self.outside[token]

    @cached_property
    def log_odds(self) -> tuple[Log, ...]:
        """Definition 3.2 with everything under one logarithm: exact."""
        sizes = len(self.positive), len(self.negative)

        def product(contexts: tuple[int, ...], token: int, power: int) -> Fraction:
            ratio = Fraction(1)
            for context in contexts:
                ratio *= self.probability(context, token) ** power
            return ratio

        return tuple(
            Log(product(self.positive, z, sizes[1]) / product(self.negative, z, sizes[0]), sizes[0] * sizes[1])
            for z in range(len(self.inside))
        )

    @property
    def unit(self) -> Fraction:
        odds = [float(m) for m in self.log_odds]
        return Fraction(1 / max(max(odds) - min(odds), 0.01)).limit_denominator(100)

    def base(self, context: int) -> list[arb]:
        return [ball(Log(self.probability(context, z))) + self.offsets[context] for z in self.tokens]

    @cached_property
    def shift(self) -> list[arb]:
        """Mean logits of the positive contexts less those of the negative ones."""
        means = []
        for chosen in (self.positive, self.negative):
            rows = [self.base(i) for i in chosen]
            means.append([total(column) / len(rows) for column in zip(*rows, strict=True)])
        return [plus - minus for plus, minus in zip(*means, strict=True)]

    def logits(self, context: int, strength: Strength) -> list[Any]:
        return [logit + strength * slope for logit, slope in zip(self.base(context), self.shift, strict=True)]

    @property
    def delta(self) -> Fraction:
        """A concept's mass in its own contexts less its mass in others."""
        return sum((self.inside[z] - self.outside[z] for z in self.target), Fraction(0))

    def negative_share(self, token: int) -> Fraction:
        own = [i for i in self.negative if token in self.concepts[self.homes[i]]]
        return Fraction(len(own), len(self.negative))

    def array(self, base: Any, indices: tuple[int, ...]) -> Number:
        arrays: dict[Any, Callable[..., Number]] = {
            tilted.logit: lambda j, z: self.base(j)[z],
            tilted.logit_shift: lambda z: self.shift[z],
            tilted.M_local: lambda j, z: self.shift[z],
            tilted.P: lambda i: Fraction(i in self.positive),
            tilted.N: lambda i: Fraction(i in self.negative),
            facts.a: lambda z: self.inside[z],
            facts.b: lambda z: self.outside[z],
            facts.negative_share: self.negative_share,
        }
        return arrays[base](*indices) if base in arrays else super().array(base, indices)

    def symbol(self, symbol: Any, subject: "Subject") -> Number:
        match symbol:
            case facts.assumption_1:
                return True
            case facts.in_target:
                return self.concepts[self.homes[subject.context]] == self.target
            case facts.delta:
                return self.delta
            case facts.logit_curvature:
                return Fraction(0)
        return super().symbol(symbol, subject)
