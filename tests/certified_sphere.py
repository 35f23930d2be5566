"""Models whose steered residual goes straight into a final normalisation, from vectors to logits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from itertools import combinations
from typing import Any

from flint import arb

import theory.facts as facts
import theory.tilted as tilted
from certified_balls import Number, ball
from certified_worlds import Strength, Subject, Table, World, log_probabilities, total


@dataclass(frozen=True, kw_only=True, eq=False)
class Sphere(World):
    """Steering into a final RMSNorm or (`centred`) LayerNorm: `<w_z, gamma * norm(h + alpha v) + bias>`.

    Contexts `positive` and `negative`, one each, give the log-odds.
    """

    unembedding: Table
    features: Table
    vector: tuple[Fraction, ...]
    gamma: tuple[Fraction, ...]
    bias: tuple[Fraction, ...]
    eps: Fraction
    centred: bool
    positive: int = 0
    negative: int = 1

    def __str__(self) -> str:
        def row(values: Sequence[Fraction]) -> list[str]:
            return [str(x) for x in values]

        return (
            f"{'LayerNorm' if self.centred else 'RMSNorm'}, eps = {self.eps}, gamma = {row(self.gamma)}, bias ="
            f" {row(self.bias)}, W = {[row(w) for w in self.unembedding]}, h = {[row(h) for h in self.features]}, v ="
            f" {row(self.vector)}, C = {[sorted(c) for c in self.concepts]}"
        )

    @property
    def tokens(self) -> range:
        return range(len(self.unembedding))

    @property
    def unit(self) -> Fraction:
        return Fraction(1)

    def logits(self, context: int, strength: Strength) -> list[Any]:
        steered = [strength * ball(v) + ball(h) for h, v in zip(self.features[context], self.vector, strict=True)]
        if self.centred:
            mean = total(steered) / len(steered)
            steered = [x - mean for x in steered]
        rho = (total([x * x for x in steered]) / len(steered) + ball(self.eps)).sqrt()
        scaled = [x * ball(g) / rho + ball(b) for x, g, b in zip(steered, self.gamma, self.bias, strict=True)]
        return [total([x * ball(w) for x, w in zip(scaled, row, strict=True)]) for row in self.unembedding]

    def probability(self, context: int, token: int) -> arb:
        return log_probabilities(self, context, Fraction(0))[token].exp()

    @cached_property
    def log_odds(self) -> list[arb]:
        rows = [log_probabilities(self, i, Fraction(0)) for i in (self.positive, self.negative)]
        return [plus - minus for plus, minus in zip(*rows, strict=True)]

    def seen(self, vector: Sequence[Fraction]) -> list[Fraction]:
        """A residual as the normalisation sees it."""
        mean = sum(vector, Fraction(0)) / len(vector) if self.centred else Fraction(0)
        return [x - mean for x in vector]

    def against(self, token: int, vector: Sequence[Fraction]) -> Fraction:
        row = zip(self.unembedding[token], self.gamma, self.seen(vector), strict=True)
        return sum((w * g * x for w, g, x in row), Fraction(0))

    def offset(self, token: int) -> Fraction:
        return sum((w * b for w, b in zip(self.unembedding[token], self.bias, strict=True)), Fraction(0))

    def inner(self, one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
        pairs = zip(self.seen(one), self.seen(other), strict=True)
        return sum((x * y for x, y in pairs), Fraction(0)) / len(one)

    def quadratic(self, context: int) -> tuple[Fraction, Fraction, Fraction]:
        """c, e and f in `rho^2 = c + 2 e alpha + f alpha^2`."""
        h, v = self.features[context], self.vector
        return self.inner(h, h) + self.eps, self.inner(h, v), self.inner(v, v)

    def local(self, context: int, token: int) -> arb:
        c, e, _ = self.quadratic(context)
        slope = self.against(token, self.vector) * c - self.against(token, self.features[context]) * e
        return ball(slope) / (ball(c).sqrt() * ball(c))

    def points(self, context: int) -> list[tuple[arb, arb]]:
        """Each logit is `(P s + Q x)/sqrt(x^2 + s^2)`, x the strength less that of least norm, s = w/f."""
        c, e, f = self.quadratic(context)
        w, root = ball(c * f - e * e).sqrt(), ball(f).sqrt()
        pairs = [(self.against(z, self.features[context]), self.against(z, self.vector)) for z in self.tokens]
        return [(ball(A * f - B * e) / (root * w), ball(B) / root) for A, B in pairs]

    def curvature(self, context: int) -> arb:
        """Bound on the oscillation of the logits' second derivative: (f/w)^2 times the points' diameter."""
        c, e, f = self.quadratic(context)
        squares = [(p - q) ** 2 + (s - t) ** 2 for (p, s), (q, t) in combinations(self.points(context), 2)]
        return reduce(arb.max, squares).sqrt() * ball(f * f) / ball(c * f - e * e)

    @cached_property
    def far(self) -> Fraction:
        """A strength from which on `rho^2 >= f alpha^2/2` in every context."""
        return max(Fraction(1), *(4 * abs(e) / f for _, e, f in map(self.quadratic, self.contexts)))

    @cached_property
    def limit_remainder(self) -> arb:
        """Bound on the distance of centred logits from their limits, from the integral of their slope's size.

        `|d logit/d alpha| = |(B c - A e) + alpha (B e - A f)|/rho^3`, and centring at most doubles a distance.
        """
        bounds = []
        for context in self.contexts:
            c, e, f = self.quadratic(context)
            for z in self.tokens:
                A, B = self.against(z, self.features[context]), self.against(z, self.vector)
                tail = abs(B * c - A * e) / (2 * self.far**2) + abs(B * e - A * f) / self.far
                bounds.append(2 * ball(tail) * (ball(2 / f).sqrt() ** 3))
        return reduce(arb.max, bounds)

    def array(self, base: Any, indices: tuple[int, ...]) -> Number:
        arrays: dict[Any, Callable[..., Number]] = {
            tilted.logit: lambda j, z: self.logits(j, arb(0))[z],
            tilted.M_local: self.local,
            tilted.limit_plus: lambda z: self.limit(z, 1),
            tilted.limit_minus: lambda z: self.limit(z, -1),
            facts.norm_h: lambda j, z: self.against(z, self.features[j]),
            facts.norm_v: lambda z: self.against(z, self.vector),
            facts.norm_offset: self.offset,
            facts.norm_c: lambda j: self.quadratic(j)[0],
            facts.norm_e: lambda j: self.quadratic(j)[1],
        }
        return arrays[base](*indices) if base in arrays else super().array(base, indices)

    def limit(self, token: int, side: int) -> arb:
        return ball(side * self.against(token, self.vector)) / ball(self.quadratic(0)[2]).sqrt() + ball(
            self.offset(token)
        )

    def symbol(self, symbol: Any, subject: "Subject") -> Number:
        symbols: dict[Any, Callable[[], Number]] = {
            facts.final_norm: lambda: True,
            tilted.pre_norm: lambda: True,
            tilted.limit_strength: lambda: self.far,
            tilted.limit_remainder: lambda: self.limit_remainder,
            facts.norm_f: lambda: self.quadratic(0)[2],
            facts.logit_curvature: lambda: self.curvature(subject.context),
        }
        return symbols[symbol]() if symbol in symbols else super().symbol(symbol, subject)
