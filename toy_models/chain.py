"""Texts in which each token depends on the last one alone: everything about them is known by enumeration.

`P_alpha(y) = prod_t p_alpha(y_t | y_(t-1))`, each next-token distribution tilted by `exp(alpha M(z)) = factor_z^alpha`.
With rational tables and factors and a whole strength every probability is a rational number.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from toy_models.data_law import DataLaw

Text = tuple[int, ...]
Row = tuple[Fraction, ...]
MOST_TEXTS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Texts of `length` tokens; `first` is the distribution of the first, `after[z]` that of the one after token z.

    `factors[z] = exp(M(z))` is what a unit of strength multiplies a token's odds by. Raises `ValueError` where a row is
    no distribution, a factor is not positive, or the texts are too many to enumerate.
    """

    first: Row
    after: tuple[Row, ...]
    factors: Row
    length: int

    def __post_init__(self) -> None:
        size = len(self.first)
        rows = {"first": self.first, **{f"after[{z}]": row for z, row in enumerate(self.after)}}
        for name, row in rows.items():
            if len(row) != size or not all(p > 0 for p in row) or sum(row) != 1:
                raise ValueError(f"chain: {name}: expected {size} positive probabilities that sum to 1, got {row}")
        if len(self.after) != size or len(self.factors) != size or not all(f > 0 for f in self.factors):
            raise ValueError(f"chain: expected {size} rows after a token and {size} positive factors; give one a token")
        if self.length < 1 or size**self.length > MOST_TEXTS:
            raise ValueError(f"chain: expected 1 to {MOST_TEXTS} texts, got {size}^{self.length}; shorten them")

    @classmethod
    def of_concepts(cls, data: DataLaw, *, positive: int, negative: Sequence[int], length: int) -> "Chain":
        """The data law of concepts with the last token as context, steered from some concepts towards one.

        `M(z)` is the log-odds of the difference of means between a context of the concept `positive` and those of
        `negative`: its factors are rational where there is one negative concept, and otherwise only to the power
        `len(negative)`, which is then the unit of strength.
        """
        home = [int(k) for k in data.concept_of]
        rows = [tuple(map(Fraction, _exact(data, k))) for k in range(len(data.a))]
        unit = len(negative)
        factors = []
        for z in range(data.vocab_size):
            factor = rows[positive][z] ** unit
            for k in negative:
                factor /= rows[k][z]
            factors.append(factor)
        after = tuple(rows[k] for k in home)
        return cls(first=rows[negative[0]], after=after, factors=tuple(factors), length=length)

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Every text, in lexical order."""
        return tuple(itertools.product(range(len(self.first)), repeat=self.length))

    def next_token(self, last: int | None, strength: int = 0) -> Row:
        """The steered distribution after a token, or of the first one."""
        row = self.first if last is None else self.after[last]
        weights = [p * factor**strength for p, factor in zip(row, self.factors, strict=True)]
        total = sum(weights)
        return tuple(weight / total for weight in weights)

    def probabilities(self, strength: int = 0) -> dict[Text, Fraction]:
        """`P_alpha` of every text."""
        rows = {last: self.next_token(last, strength) for last in (None, *range(len(self.first)))}
        found = {}
        for text in self.texts:
            probability = Fraction(1)
            for last, token in zip((None, *text), text, strict=False):
                probability *= rows[last][token]
            found[text] = probability
        return found

    def mean(self, score: Callable[[Text], Fraction | int], strength: int = 0) -> Fraction:
        """`E_alpha[g]` of a score of a text."""
        return sum((p * score(text) for text, p in self.probabilities(strength).items()), Fraction(0))

    @property
    def is_monotone(self) -> bool:
        """Whether the chain is monotone in likelihood ratio: after tokens of larger log-odds, larger ones gain.

        Then the chance of a token of the largest log-odds rises in texts, too (Kamae, Krengel and O'Brien 1977).
        """
        order = sorted(range(len(self.factors)), key=lambda z: self.factors[z])
        for lower, upper in itertools.combinations(order, 2):
            for small, large in itertools.combinations(order, 2):
                one = self.after[upper][large] * self.after[lower][small]
                other = self.after[upper][small] * self.after[lower][large]
                if one < other or (self.factors[small] == self.factors[large] and one != other):
                    return False
                if self.factors[lower] == self.factors[upper] and one != other:
                    return False
        return True


def _exact(data: DataLaw, concept: int) -> list[Fraction]:
    tables = zip(data.a, data.b, strict=True)
    rows = [inside if k == concept else outside for k, (inside, outside) in enumerate(tables)]
    return [Fraction(p) for row in rows for p in row]
