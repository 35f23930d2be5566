"""Entry 4: the limits written out with a_z and b_z, against the limits themselves."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import sympy as sp

from theory.errata._concepts import ConceptData, smoothing, tilted_weights
from theory.errata._erratum import Erratum, Fact
from theory.errata._exact import extremal


def facts(data: ConceptData) -> Iterable[Fact]:
    """Symbolic limits of every token's probability increase against Eq. 5 and against Eqs. 8-9."""
    lowest = extremal(data.log_odds, -1)
    concepts = {k for k in range(len(data.inside)) for z in data.tokens(k) if z in lowest}
    yield Fact(says="the tokens of smallest log-odds come from two concepts", holds=len(concepts) == 2)

    everywhere = [(context, side) for context in range(len(data.inside)) for side in (1, -1)]
    limits = {(c, side): _limits(replace(data, context=c), side) for c, side in everywhere}
    yield Fact(
        says="Eq. 5 gives the limit of every token, from every context, at both ends",
        holds=all(_eq_5(replace(data, context=c), side) == limits[c, side] for c, side in everywhere),
    )
    own, end = data.context, -1
    z = data.tokens(own)[0]
    for name, table in (("a_z", data.inside), ("b_z", data.outside)):
        uniform = _expanded(data, table, end)[z]
        yield Fact(
            says=f"at -oo, {name} throughout, as in Eqs. 8-9, is wrong for a token of the context's own concept",
            holds=uniform != limits[own, end][z],
            value=f"{uniform}, not {limits[own, end][z]}",
        )
    best = extremal(data.log_odds, 1)
    published = {c: _expanded(data, data.inside if c == 0 else data.outside, 1) for c in range(len(data.inside))}
    yield Fact(
        says="at +oo Eqs. 8-9 are right on the tokens of largest log-odds, which all lie in the target",
        holds=all(published[c][y] == limits[c, 1][y] for c in published for y in best),
    )
    yield Fact(
        says="but off them they give -b_z for a token of an off-target context's own concept, whose limit is -a_z",
        holds=published[own][z] == -sum(data.outside, ())[z] and limits[own, 1][z] == -sum(data.inside, ())[z],
        value=f"{published[own][z]}, not {limits[own, 1][z]}",
    )
    yield Fact(
        says="and -a_z for an off-target token in a target context, whose limit is -b_z",
        holds=published[0][z] == -sum(data.inside, ())[z] and limits[0, 1][z] == -sum(data.outside, ())[z],
        value=f"{published[0][z]}, not {limits[0, 1][z]}",
    )


def _limits(data: ConceptData, side: int) -> tuple[sp.Expr, ...]:
    X = sp.Symbol("X", positive=True)
    weights = [weight.subs(X, X**side) for weight in tilted_weights(data, X)]
    steered = [sp.limit(sp.cancel(weight / sp.Add(*weights)), X, sp.oo) for weight in weights]
    return tuple(limit - p for limit, p in zip(steered, data.base, strict=True))


def _eq_5(data: ConceptData, side: int) -> tuple[Fraction, ...]:
    return _concentrated(data.base, extremal(data.log_odds, side))


def _expanded(data: ConceptData, table: tuple[tuple[Fraction, ...], ...], side: int) -> tuple[Fraction, ...]:
    """Eqs. 8-9: one of `a`, `b` in place of `p(z|c_j)` for every token."""
    return _concentrated(sum(table, ()), extremal(data.log_odds, side))


def _concentrated(values: tuple[Fraction, ...], tokens: tuple[int, ...]) -> tuple[Fraction, ...]:
    total = sum(values[z] for z in tokens)
    return tuple((value / total if z in tokens else 0) - value for z, value in enumerate(values))


ERRATUM = Erratum(
    id="expanded_limits",
    number=4,
    kind="error",
    where="proof of Prop B.1, Eqs. 8-9",
    law="token_limits",
    published="v1 writes the limits of Prop B.1 out by putting a_z (target context) or b_z (any other context) for "
    "p(z|c_j) throughout, and says that the same holds for alpha -> -oo.",
    provable="Eq. 5 is right at both ends. Eqs. 8-9 are right at +oo on the tokens of largest log-odds. Off them the "
    "limit is -p(z|c_j), which is -a_z for the context's own concept and -b_z elsewhere; and at -oo the extremal "
    "tokens may come from several concepts, where no single one of a_z and b_z fits.",
    evidence="exact",
    instance=smoothing(groups=3, size=2, eps=Fraction(1, 20), context=1, negatives=(1, 2)),
    verify=facts,
)
