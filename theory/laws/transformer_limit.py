"""A pre-norm transformer forgets its prompt at large strength (Proposition 4.1), with a proved remainder."""

import sympy as sp

from theory.claims import Close, Condition
from theory.law import Counterexample, Law
from theory.quantities import CENTRED_LOGIT
from theory.steps import Argued, Identity, Inequality, Limit, Step, Supposed
from theory.tilted import (
    Expr,
    V,
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
    p,
    pre_norm,
    summed,
    vocabulary_sum,
    x,
    y,
    z,
)

PRE_NORM = Condition(
    name="pre-norm stack whose last step is a normalisation, with a steering vector it does not erase", holds=pre_norm
)
TAIL = sp.Union(sp.Interval(-sp.oo, -limit_strength), sp.Interval(limit_strength, sp.oo))

a: Expr = sp.IndexedBase("a", real=True)
values: Expr = sp.IndexedBase("u", real=True)
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


def _written() -> list[Step]:
    """The most that a block writes, whatever it reads: the parts of the bound E."""
    square = sp.Symbol("u2", nonnegative=True)
    mixed = vocabulary_sum(p[j, y] * values[y, k])
    spread = summed(p[j, x] * p[j, y] * (values[x, k] - values[y, k]) ** 2, (x, V), (y, V), (k, d)) / 2
    return [
        Inequality(
            says="What a block reads is normalised: d |u|^2/(|u|^2 + d epsilon) <= d, so its norm is at most sqrt(d)",
            smaller=d * square / (square + d * eps),
            larger=d,
            certificate=d**2 * eps / (square + d * eps),
            given=(Supposed(square + d * eps > 0),),
        ),
        Inequality(
            says="A head mixes values with weights that sum to one, so that the square of what it returns is at most"
            " the mean square of the values",
            smaller=_dot(mixed, mixed),
            larger=vocabulary_sum(p[j, y] * _dot(values[y, k], values[y, k])),
            certificate=spread,
        ),
        Argued(
            says="So the blocks after the steered one together write at most a number that depends on no strength: with"
            " the norm of the unsteered residual it is b, and the last residual is alpha v + e with |e| <= b",
            because="a matrix lengthens a vector by its largest singular value at most, |act(t)| <= |t| for the"
            " activations in use, and the triangle inequality",
        ),
    ]


def _direction() -> list[Step]:
    """How far `s (1, 0) + (e_x, e_y)` is from the direction (1, 0), in the plane of v and the last residual."""
    e_x, e_y = sp.symbols("e_x e_y", real=True)
    b, s, n, short = (sp.Symbol(name, nonnegative=True) for name in ("b", "s", "n", "r"))
    cosine = sp.Symbol("c", positive=True)
    ahead = s + e_x
    return [
        Inequality(
            says="The sine of the angle between alpha v + e and v is at most b/s, s = |alpha| |v|: here b^2 exceeds"
            " |e|^2 by r",
            smaller=e_y**2 * s**2,
            larger=(e_x**2 + e_y**2 + short) * (ahead**2 + e_y**2),
            certificate=(e_x * ahead + e_y**2) ** 2 + short * (ahead**2 + e_y**2),
        ),
        Identity(
            says="The squared distance of two unit vectors, 2 - 2 cos, is sin^2 times 2/(1 + cos): with q = b/s it is"
            " at most q^2 times 2/(1 + sqrt(1 - q^2))",
            lhs=2 - 2 * cosine,
            rhs=(1 - cosine**2) * 2 / (1 + cosine),
        ),
        Inequality(
            says="The length of alpha v + e is at least s - b, for |e| = n <= b <= s and e_x >= -n",
            smaller=(s - b) ** 2,
            larger=s**2 + 2 * s * e_x + n**2,
            certificate=2 * s * (e_x + n) + (b - n) * (2 * (s - b) + (b - n)),
            given=(Supposed(e_x + n >= 0), Supposed(b - n >= 0), Supposed(s - b >= 0)),
        ),
    ]


def _remainder() -> list[Step]:
    """What the angle, the epsilon and the unembedding make of it."""
    b, s, q = (sp.Symbol(name, positive=True) for name in "bsq")
    pairs = summed((a[i] * w[k] - a[k] * w[i]) ** 2, (i, d), (k, d)) / 2
    return [
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
        Argued(
            name="remainder",
            says="So for s > b every logit is within max |gamma U_z| sqrt(d) times q sqrt(2/(1 + sqrt(1 - q^2))) +"
            " d epsilon/(2 (s - b)^2), q = b/s, of its limit, and never farther than twice the first factor",
            because="the triangle inequality, with the unit vector of alpha v + e between",
        ),
        Limit(
            says="The remainder of the direction vanishes",
            expr=b / s * sp.sqrt(2 / (1 + sp.sqrt(1 - b**2 / s**2))),
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
    return [*_normalisations(), *_written(), *_direction(), *_remainder()]


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
            proof=("remainder",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="logits that go on in straight lines, as without a normalisation",
        values=centred(logit[j, z] + alpha * logit_shift[z]),
        limits=((sp.Integer(1), sp.Integer(0), sp.Integer(-2)), (sp.Integer(-1), sp.Integer(0), sp.Integer(2))),
    ),
)
