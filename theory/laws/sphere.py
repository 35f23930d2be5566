"""Steering into the final normalisation turns the logits about an angle (beyond the paper).

Exact for the last block of a pre-norm transformer: `logit_z = (A + alpha B)/rho + beta`, `rho^2 = c + 2 e alpha +
f alpha^2`, with `A = <gamma w_z, h>`, `B = <gamma w_z, v>`, `c = |h|^2/d + eps`, `e = <h, v>/d`, `f = |v|^2/d` (h and v
centred for LayerNorm) and a token's offset `beta = <w_z, bias>` (0 for RMSNorm).
"""

import sympy as sp

from theory.angle import against_the_linear_law, locally_a_tilt, valleys_are_low
from theory.claims import Bounded, Close, Condition, Turns
from theory.facts import final_norm, norm_c, norm_e, norm_f, norm_h, norm_offset, norm_v
from theory.law import Counterexample, Law
from theory.quantities import CENTRED_LOGIT
from theory.steps import Argued, Identity, Inequality, Limit, Proved, Step, Supposed
from theory.tilted import (
    Expr,
    alpha,
    centred,
    d,
    feature_a,
    feature_b,
    i,
    j,
    k,
    logit,
    logit_shift,
    slope,
    summed,
    z,
)

FINAL_NORM = Condition(name="nothing but a final normalisation and linear logits after the steering", holds=final_norm)

rho = sp.sqrt(norm_c[j] + 2 * norm_e[j] * alpha + norm_f * alpha**2)
A, B = centred(norm_h[j, z]), centred(norm_v[z])
plain = (norm_h[j, z] + alpha * norm_v[z]) / rho
closed_form = centred(plain + norm_offset[z])
rising_first = A * norm_f - B * norm_e[j]
turn = B * norm_c[j] - A * norm_e[j] - alpha * rising_first
amplitude = sp.sqrt((A**2 * norm_f - 2 * A * B * norm_e[j] + B**2 * norm_c[j]) / (norm_c[j] * norm_f - norm_e[j] ** 2))

w, eps = sp.Symbol("w", positive=True), sp.Symbol("epsilon", nonnegative=True)
width = ((norm_c[j], (w**2 + norm_e[j] ** 2) / norm_f),)
"""`w = sqrt(c f - e^2)`, with c for the one that is eliminated."""
h: Expr = sp.IndexedBase("h", real=True)
v: Expr = sp.IndexedBase("v", real=True)
weight: Expr = sp.IndexedBase("W", real=True)
gain: Expr = sp.IndexedBase("gamma", real=True)
bias: Expr = sp.IndexedBase("bias", real=True)


def _features(term: Expr) -> Expr:
    return summed(term, (k, d))


NOT_PARALLEL = Supposed(norm_c[j] * norm_f - norm_e[j] ** 2 > 0)


def _square_is_positive(*, by_width: bool) -> Inequality:
    """`rho^2 > 0`, with c or with w for the one that is eliminated."""
    spare = w**2 if by_width else norm_c[j] * norm_f - norm_e[j] ** 2
    return Inequality(
        says="The square of rho is positive at every strength" + (", in terms of w" if by_width else ""),
        smaller=sp.S.Zero,
        larger=rho**2,
        certificate=((norm_e[j] + alpha * norm_f) ** 2 + spare) / norm_f,
        strict=True,
        given=() if by_width else (NOT_PARALLEL,),
        where=width if by_width else (),
    )


ROOTED = (NOT_PARALLEL, Proved(fact=rho**2 > 0, by=_square_is_positive(by_width=False)))
ROOTED_BY_WIDTH = Proved(fact=rho**2 > 0, by=_square_is_positive(by_width=True))


def _normalisation() -> list[Step]:
    steered, mean = h[k] + alpha * v[k], _features(h[k] + alpha * v[k]).xreplace({k: i}) / d
    norms = (
        (norm_c[j], _features(h[k] ** 2) / d + eps),
        (norm_e[j], _features(h[k] * v[k]) / d),
        (norm_f, _features(v[k] ** 2) / d),
    )
    normalised = (steered - mean) / rho
    centred_h, centred_v = [base[k] - _features(base[k]).xreplace({k: i}) / d for base in (h, v)]
    parallel = h[i] * v[k] - h[k] * v[i]
    return [
        Identity(
            says="The mean square of the steered residual, with epsilon, is quadratic in alpha",
            lhs=_features(steered**2) / d + eps,
            rhs=rho**2,
            where=norms,
        ),
        Identity(
            says="LayerNorm centres h and v first; its logits have the same form, with the offset <W_z, bias>",
            lhs=_features(weight[z, k] * (gain[k] * normalised + bias[k])),
            rhs=plain + norm_offset[z],
            where=(
                (norm_h[j, z], _features(weight[z, k] * gain[k] * centred_h)),
                (norm_v[z], _features(weight[z, k] * gain[k] * centred_v)),
                (norm_offset[z], _features(weight[z, k] * bias[k])),
            ),
            given=ROOTED,
        ),
        Inequality(
            says="w^2 = c f - e^2 is positive unless h and v are parallel (Lagrange's identity), in features a and b",
            smaller=sp.S.Zero,
            larger=norm_c[j] * norm_f - norm_e[j] ** 2,
            certificate=summed(parallel**2, (i, d), (k, d)) / (2 * d**2) + eps * _features(v[k] ** 2) / d,
            strict=True,
            given=(Supposed(parallel.xreplace({i: feature_a, k: feature_b}) > 0),),
            some={i: feature_a, k: feature_b},
            where=norms,
        ),
    ]


def _angle() -> list[Step]:
    across, along = norm_c[j] + norm_e[j] * alpha, alpha * w
    root = sp.sqrt(norm_c[j])
    circle = Inequality(
        says="which is positive",
        smaller=sp.S.Zero,
        larger=across**2 + along**2,
        certificate=norm_c[j] * rho**2,
        strict=True,
        given=(ROOTED_BY_WIDTH,),
        where=width,
    )
    return [
        _square_is_positive(by_width=False),
        _square_is_positive(by_width=True),
        Identity(
            says="The angle tau = atan2(alpha w, c + e alpha): cos tau = (c + e alpha)/(sqrt(c) rho) and"
            " sin tau = alpha w/(sqrt(c) rho)",
            lhs=across**2 + along**2,
            rhs=norm_c[j] * rho**2,
            where=width,
        ),
        circle,
        Identity(
            says="It grows with the strength, at the rate w/rho^2",
            lhs=(across * slope(along) - along * slope(across)) / (across**2 + along**2),
            rhs=w / rho**2,
            where=width,
            given=(ROOTED_BY_WIDTH, Proved(fact=across**2 + along**2 > 0, by=circle)),
        ),
        Identity(
            says="The logit is l_0 cos tau + t sin tau + beta, l_0 = A/sqrt(c), t = (B c - A e)/(sqrt(c) w)",
            lhs=plain,
            rhs=norm_h[j, z] / root * across / (root * rho)
            + (norm_v[z] * norm_c[j] - norm_h[j, z] * norm_e[j]) / (root * w) * along / (root * rho),
            where=width,
            given=(ROOTED_BY_WIDTH,),
        ),
    ]


def _shape() -> list[Step]:
    """The turning point and the amplitude of one logit, and its limits."""
    bend = norm_v[z] * norm_c[j] - norm_h[j, z] * norm_e[j]
    reversal = norm_h[j, z] * norm_f - norm_v[z] * norm_e[j]
    square, parallel = rho**2, norm_c[j] * norm_f - norm_e[j] ** 2
    steps: list[Step] = [
        Identity(
            says="The slope's sign is that of an expression linear in alpha: a logit turns exactly once, unless"
            " A f = B e, and rises first if A f > B e",
            lhs=slope(plain),
            rhs=(bend - alpha * reversal) / rho**3,
            given=ROOTED,
        ),
        Inequality(
            says="No strength moves it farther from its offset than its amplitude, the height of the turning point",
            smaller=plain**2,
            larger=(norm_h[j, z] * reversal + norm_v[z] * bend) / parallel,
            certificate=(bend - alpha * reversal) ** 2 / (parallel * square),
            given=ROOTED,
        ),
    ]
    for point, side in ((sp.oo, 1), (-sp.oo, -1)):
        says = f"Its limit as alpha -> {'+' if side > 0 else '-'}oo, approached like 1/alpha"
        value = side * norm_v[z] / sp.sqrt(norm_f)
        rate = side * reversal / sp.sqrt(norm_f) ** 3
        steps += [
            Limit(says=says, expr=plain, variable=alpha, point=point, value=value),
            Limit(
                says="with this coefficient",
                expr=alpha * (plain - value),
                variable=alpha,
                point=point,
                value=rate,
            ),
        ]
    return steps


def _derivation() -> list[Step]:
    centred_too = Argued(
        name="centred",
        says="The same of the centred logits, with A, B and beta centred over the vocabulary",
        because="they are linear in A, B and beta, and rho is common to all tokens",
    )
    return [
        *_normalisation(),
        *_angle(),
        *_shape(),
        centred_too,
        locally_a_tilt(),
        *against_the_linear_law(),
        *valleys_are_low(),
    ]


LAW = Law(
    id="sphere",
    title="A final normalisation turns the logits",
    source="beyond the paper",
    reading="In the last block steering turns all logits by one angle: each is (A + alpha B)/rho + beta, with"
    " rho^2 = c + 2 e alpha + f alpha^2, turns once, at a known strength, and never leaves its amplitude.",
    statement=sp.Eq(CENTRED_LOGIT.symbol, closed_form.xreplace({1 / rho: 1 / sp.Symbol("rho")}), evaluate=False),
    hypotheses=("the steered residual goes through RMSNorm or LayerNorm into linear logits, and through nothing else",),
    claims=(
        Close(
            says="the centred logit is that of (A + alpha B)/rho + beta",
            quantity=CENTRED_LOGIT,
            value=closed_form,
            condition=FINAL_NORM,
            proof=("centred",),
        ),
        Turns(
            says="the centred logit turns once, at (B c - A e)/(A f - B e) with A and B centred, rising first if"
            " A f > B e",
            quantity=CENTRED_LOGIT,
            n=1,
            first=rising_first,
            turn=turn,
            condition=FINAL_NORM,
            proof=("centred",),
        ),
        Bounded(
            says="the centred logit stays within its amplitude of its centred offset",
            quantity=CENTRED_LOGIT,
            lower=centred(norm_offset[z]) - amplitude,
            upper=centred(norm_offset[z]) + amplitude,
            condition=FINAL_NORM,
            proof=("centred",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="logits that go on in straight lines, as without a normalisation",
        values=centred(logit[j, z] + alpha * logit_shift[z]),
    ),
)
