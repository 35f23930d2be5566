"""A pre-norm transformer forgets its prompt at large strength (Proposition 4.1), with a proved remainder."""

import sympy as sp

from theory.claims import Close, Condition
from theory.law import Counterexample, Law
from theory.quantities import CENTRED_LOGIT
from theory.steps import Argued, Identity, Inequality, Limit, Step
from theory.tilted import (
    Expr,
    alpha,
    centred,
    d,
    i,
    j,
    k,
    limit_minus,
    limit_plus,
    limit_remainder,
    limit_strength,
    logit,
    logit_shift,
    pre_norm,
    summed,
    z,
)

PRE_NORM = Condition(
    name="pre-norm stack whose last step is a normalisation, with a steering vector it does not erase", holds=pre_norm
)
TAIL = sp.Union(sp.Interval(-sp.oo, -limit_strength), sp.Interval(limit_strength, sp.oo))

a: Expr = sp.IndexedBase("a", real=True)
w: Expr = sp.IndexedBase("w", real=True)
h: Expr = sp.IndexedBase("h", real=True)
v: Expr = sp.IndexedBase("v", real=True)
h_k, v_k = sp.symbols("h_k v_k", real=True)
hh, hv = sp.Symbol("h2", nonnegative=True), sp.Symbol("hv", real=True)
vv, eps = sp.Symbol("v2", positive=True), sp.Symbol("epsilon", nonnegative=True)
mean_h, mean_v = sp.symbols("hbar vbar", real=True)
spread = sp.Symbol("sigma2", positive=True)


def _dot(a: Expr, b: Expr) -> Expr:
    return summed(a * b, (k, d))


def _normalisations() -> list[Step]:
    steered = _dot(h[k] + alpha * v[k], h[k] + alpha * v[k])
    steps: list[Step] = [
        Identity(
            says="The squared norm of the steered residual is quadratic in alpha",
            lhs=steered,
            rhs=_dot(h[k], h[k]) + 2 * alpha * _dot(h[k], v[k]) + alpha**2 * _dot(v[k], v[k]),
        )
    ]
    forms = (
        ("RMSNorm", (h_k + alpha * v_k) / sp.sqrt(hh + 2 * alpha * hv + alpha**2 * vv + eps), v_k / sp.sqrt(vv)),
        (
            "LayerNorm, the same after centring (v not constant across features),",
            (h_k - mean_h + alpha * (v_k - mean_v)) / sp.sqrt(hh + 2 * alpha * hv + alpha**2 * spread + eps),
            (v_k - mean_v) / sp.sqrt(spread),
        ),
    )
    for name, form, limit in forms:
        for point, side in ((sp.oo, 1), (-sp.oo, -1)):
            says = f"{name} of h + alpha v as alpha -> {'+' if side > 0 else '-'}oo: h and epsilon drop out"
            steps.append(Limit(says=says, expr=form, variable=alpha, point=point, value=side * limit))
    return steps


def _remainder() -> list[Step]:
    """How far a vector s v/|v| + e (|e| <= b < s, s = |alpha| |v|) is from its direction after normalisation."""
    b, n, s, q = (sp.Symbol(name, positive=True) for name in "bnsq")
    cosine = (n**2 + s**2 - b**2) / (2 * n * s)
    pairs = summed((a[i] * w[k] - a[k] * w[i]) ** 2, (i, d), (k, d)) / 2
    return [
        Argued(
            says="Every block reads a normalised residual, so what the blocks after the steered one add stays bounded:"
            " the last residual is alpha v + e with |e| <= b, b not depending on alpha",
            because="a continuous function of a vector on the sphere is bounded",
        ),
        Inequality(
            says="The unit vectors of alpha v + e (norm n, |e| = b) and of v differ by at most b/sqrt(n s), squared:"
            " 2 - 2 cos <= b^2/(n s), by the law of cosines",
            smaller=2 - 2 * cosine,
            larger=b**2 / (n * s),
            certificate=(n - s) ** 2 / (n * s),
        ),
        Inequality(
            says="The norm's epsilon shortens a vector by a factor of at least 1 - q/2, q = d epsilon/n^2",
            smaller=1 - 1 / sp.sqrt(1 + q),
            larger=q / 2,
            certificate=sp.Rational(3, 4) * (1 + q) ** sp.Rational(-5, 2),
            taylor=(q, 2),
        ),
        Inequality(
            says="A logit is linear in the normalised residual: Cauchy-Schwarz, by Lagrange's identity",
            smaller=_dot(a[k], w[k]) ** 2,
            larger=_dot(a[k], a[k]) * _dot(w[k], w[k]),
            certificate=pairs,
        ),
        Limit(
            says="With n >= s - b, the remainder of the direction vanishes",
            expr=b / sp.sqrt(s * (s - b)),
            variable=s,
            point=sp.oo,
            value=sp.S.Zero,
        ),
        Limit(
            says="and so does that of epsilon",
            expr=d * eps / (2 * (s - b) ** 2),
            variable=s,
            point=sp.oo,
            value=sp.S.Zero,
        ),
    ]


def _derivation() -> list[Step]:
    return [*_normalisations(), *_remainder()]


limit_logit = sp.Piecewise((centred(limit_minus[z]), alpha < 0), (centred(limit_plus[z]), True))

LAW = Law(
    id="transformer_limit",
    title="At large strength a transformer forgets its prompt",
    source="Proposition 4.1; the remainder goes beyond the paper",
    reading="The logits tend to those of the normalised steering vector alone, with the sign of alpha.",
    statement=sp.Eq(sp.Limit(CENTRED_LOGIT.symbol, alpha, sp.oo, "-"), centred(limit_plus[z]), evaluate=False),
    hypotheses=(
        "pre-norm blocks with bounded outputs, alpha v added to every position's residual",
        "the logits are linear in a final RMSNorm or LayerNorm",
    ),
    claims=(
        Close(
            says="the centred logit is that of the normalised +-v, within the tail's remainder",
            quantity=CENTRED_LOGIT,
            value=limit_logit,
            remainder=limit_remainder,
            domain=TAIL,
            condition=PRE_NORM,
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="logits that go on in straight lines, as without a normalisation",
        values=centred(logit[j, z] + alpha * logit_shift[z]),
        limits=((sp.Integer(1), sp.Integer(0), sp.Integer(-2)), (sp.Integer(-1), sp.Integer(0), sp.Integer(2))),
    ),
)
