"""Assumption 1 in rationals: the data laws of the instances, their log-odds, and their tilts."""

from dataclasses import dataclass
from fractions import Fraction

import sympy as sp


@dataclass(frozen=True, kw_only=True)
class ConceptData:
    """Assumption 1 with the target concept first: `p(z|c) = a_z` if z and c share a concept, else `b_z`.

    `inside` holds the `a_z` and `outside` the `b_z`, one tuple per concept; `context` is the concept of the context at
    hand, `negatives` the concepts of the negative contexts. Every positive context lies in concept 0.
    """

    inside: tuple[tuple[Fraction, ...], ...]
    outside: tuple[tuple[Fraction, ...], ...]
    context: int
    negatives: tuple[int, ...]

    def __post_init__(self) -> None:
        pairs = [pair for rows in zip(self.inside, self.outside, strict=True) for pair in zip(*rows, strict=True)]
        if not all(1 > a > b > 0 for a, b in pairs):
            raise ValueError(f"Assumption 1 needs 1 > a_z > b_z > 0 for every token, got {pairs}")
        for concept in range(len(self.inside)):
            total = sum(law_of(self, concept))
            if total != 1:
                raise ValueError(f"p(.|c) for a context of concept {concept} must sum to 1, got {total}")
        if 0 in self.negatives or not self.negatives:
            raise ValueError(f"negative contexts must lie outside concept 0, got concepts {self.negatives}")

    @property
    def base(self) -> tuple[Fraction, ...]:
        """`p(z|c_j)`, tokens in order of their concepts."""
        return law_of(self, self.context)

    @property
    def log_odds(self) -> tuple[sp.Expr, ...]:
        """Lemma B.4: `M(z) = log(a_z/b_z)` on the target and `-(n_z/|N|) log(a_z/b_z)` off it."""
        share = [Fraction(self.negatives.count(k), len(self.negatives)) for k in range(len(self.inside))]
        return tuple(
            (1 if k == 0 else -share[k]) * sp.log(a / b)
            for k, rows in enumerate(zip(self.inside, self.outside, strict=True))
            for a, b in zip(*rows, strict=True)
        )

    def tokens(self, concept: int) -> range:
        """Indices of a concept's tokens."""
        start = sum(len(row) for row in self.inside[:concept])
        return range(start, start + len(self.inside[concept]))


def law_of(data: ConceptData, concept: int) -> tuple[Fraction, ...]:
    """`p(.|c)` for a context of the given concept."""
    rows = [data.inside[k] if k == concept else data.outside[k] for k in range(len(data.inside))]
    return tuple(p for row in rows for p in row)


def smoothing(*, groups: int, size: int, eps: Fraction, context: int, negatives: tuple[int, ...]) -> ConceptData:
    """Instance (i): `a_z = (1 - eps)/s`, `b_z = eps/((G - 1) s)`."""
    uniform = (Fraction(1, size),) * size
    return weighted(
        gammas=(uniform,) * groups, omegas=(uniform,) * groups, eps=eps, context=context, negatives=negatives
    )


def weighted(
    *,
    gammas: tuple[tuple[Fraction, ...], ...],
    omegas: tuple[tuple[Fraction, ...], ...],
    eps: Fraction,
    context: int,
    negatives: tuple[int, ...],
) -> ConceptData:
    """Instance (ii): `a_z = (1 - eps) gamma_z`, `b_z = eps omega_z/(G - 1)`, weights summing to 1 in each concept."""
    return ConceptData(
        inside=tuple(tuple((1 - eps) * g for g in row) for row in gammas),
        outside=tuple(tuple(eps * w / (len(gammas) - 1) for w in row) for row in omegas),
        context=context,
        negatives=negatives,
    )


def rationals(text: str) -> tuple[tuple[Fraction, ...], ...]:
    """`"1/2 1/3 | 1/6"` as rows of rationals, one per concept."""
    return tuple(tuple(Fraction(word) for word in row.split()) for row in text.split("|"))


def ladder(data: ConceptData) -> tuple[sp.Expr, tuple[int, ...]]:
    """The unit `u` and integers `k_z` with `M(z) = k_z u`, where all `a_z/b_z` are one number (instance (i)).

    Every tilted mean is then a rational function of `X = exp(alpha u)`.
    """
    unit = data.log_odds[0] / len(data.negatives)
    rungs = [value / unit for value in data.log_odds]
    if not all(rung.is_Integer for rung in rungs):
        raise ValueError(f"expected the same a_z/b_z for every token, got log-odds {data.log_odds}")
    return unit, tuple(int(rung) for rung in rungs)


def tilted_weights(data: ConceptData, X: sp.Symbol) -> list[sp.Expr]:
    """`p_z exp(alpha M_z) = p_z X^k_z` in the ladder's `X`; normalise by their sum."""
    _, rungs = ladder(data)
    return [sp.sympify(p) * X**rung for p, rung in zip(data.base, rungs, strict=True)]
