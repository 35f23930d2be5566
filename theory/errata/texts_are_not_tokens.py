"""Entry 12: what holds of every next token need not hold of texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from theory.errata._erratum import Erratum, Fact

Row = tuple[Fraction, ...]
x = sp.Symbol("x", positive=True)
"""`exp(alpha)`: with whole log-odds every probability is a rational function of it."""


@dataclass(frozen=True, kw_only=True)
class TwoSteps:
    """Texts of two tokens: distributions of the first, and of the second after each; whole log-odds; target token 0."""

    first: Row
    after: tuple[Row, ...]
    odds: tuple[int, ...]


def _steered(row: Row, odds: tuple[int, ...]) -> list[sp.Expr]:
    weights = [sp.Rational(p.numerator, p.denominator) * x**m for p, m in zip(row, odds, strict=True)]
    return [sp.cancel(weight / sp.Add(*weights)) for weight in weights]


def _rises(probability: sp.Expr) -> bool:
    """Whether a rational function rises for every x > 0: no coefficient of its slope's numerator is negative."""
    numerator, denominator = sp.fraction(sp.cancel(sp.diff(probability, x)))
    terms = [*sp.Poly(numerator, x).coeffs(), *sp.Poly(denominator, x).coeffs()]
    return all(c >= 0 for c in terms) or all(c <= 0 for c in terms)


def facts(texts: TwoSteps) -> Iterable[Fact]:
    """The chance of a target token at each step, and that of one in the text, exactly."""
    rows = {"at the start": texts.first, **{f"after token {z}": row for z, row in enumerate(texts.after)}}
    for where, row in rows.items():
        yield Fact(
            says=f"{where} the target's probability rises at every strength, as Theorem 3.6 says",
            holds=_rises(_steered(row, texts.odds)[0]),
        )
    first = _steered(texts.first, texts.odds)
    missed = [sp.Integer(0)] + [1 - _steered(row, texts.odds)[0] for row in texts.after[1:]]
    hit = sp.cancel(1 - sum(p * miss for p, miss in zip(first, missed, strict=True)))
    start, slope, far = (sp.cancel(value) for value in (hit.subs(x, 1), sp.diff(hit, x).subs(x, 1), hit.subs(x, 400)))
    yield Fact(
        says="the chance that the text holds a target token falls at strength 0",
        holds=bool(slope < 0),
        value=f"slope {sp.N(slope, 4)} at a chance of {sp.N(start, 4)}",
    )
    yield Fact(
        says="and is larger than unsteered at exp(alpha) = 400, so that it is not monotone",
        holds=bool(far > start),
        value=f"{sp.N(far, 4)}",
    )


ERRATUM = Erratum(
    id="texts_are_not_tokens",
    number=12,
    kind="remark",
    where="Thm 3.6 beside the experiments on generated texts",
    law="target_increases",
    published="v1 proves that the target concept's probability as the next token increases with the strength, and"
    " measures how often a concept shows in whole generated texts; it does not claim that the one implies the other.",
    provable="It does not: though every next-token distribution obeys Theorem 3.6 at every prefix, the chance that a"
    " text holds a target token can first fall, when steering leads away from the prefixes after which it is likely.",
    evidence="exact",
    instance=TwoSteps(
        first=(Fraction(1, 100), Fraction(99, 200), Fraction(99, 200)),
        after=(
            (Fraction(1, 100), Fraction(99, 200), Fraction(99, 200)),
            (Fraction(1, 100), Fraction(99, 200), Fraction(99, 200)),
            (Fraction(99, 100), Fraction(1, 200), Fraction(1, 200)),
        ),
        odds=(1, 0, -1),
    ),
    verify=facts,
)
