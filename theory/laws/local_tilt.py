"""Any model is a tilt by its local log-odds, up to a remainder quadratic in the strength (beyond the paper).

For a tolerance `eps` in nats the tilt is proved valid up to the strength `sqrt(2 eps/kappa_l)`, `kappa_l` the fact
`logit_curvature`. It is 0 for affine logits and `(f/w)^2` times the diameter of the tokens' points for the last block
of a pre-norm transformer; elsewhere it is not known, and the claim does not apply.
"""

import sympy as sp

from theory.claims import Close
from theory.facts import logit_curvature, norm_c, norm_e, norm_f
from theory.law import Counterexample, Law
from theory.quantities import LOG_PROBABILITY
from theory.remainders import divergence_is_quadratic_in_the_oscillation, log_probabilities_move_within_the_oscillation
from theory.steps import Argued, Identity, Inequality, Step
from theory.tilted import LocalCumulant, M, M_local, alpha, cgf, j, p, slope, z

local_tilt = sp.log(p[j, z]) + alpha * M_local[j, z] - LocalCumulant(0, alpha)
remainder = alpha**2 / 2 * logit_curvature

across, along = sp.symbols("P Q", real=True)
half_width, w = sp.Symbol("s", positive=True), sp.Symbol("w", positive=True)


def _last_block() -> list[Step]:
    """`(u'')^2 s^4 <= P^2 + Q^2` for the difference u of two logits, at every strength."""
    squared = alpha**2 + half_width**2
    difference = (across * half_width + along * alpha) / sp.sqrt(squared)
    share, both = half_width**2 / squared, half_width * alpha / squared
    cauchy = share**3 * (3 * both * across + (2 - 3 * share) * along) ** 2
    return [
        Identity(
            says="In the last block rho^2 has its minimum at -e/f and half-width s = w/f, w^2 = c f - e^2 > 0",
            lhs=norm_c[j] + 2 * norm_e[j] * alpha + norm_f * alpha**2,
            rhs=norm_f * ((alpha + norm_e[j] / norm_f) ** 2 + half_width**2),
            where=((norm_c[j], (w**2 + norm_e[j] ** 2) / norm_f), (half_width, w / norm_f)),
        ),
        Inequality(
            says="so, with strengths counted from there, the logits of two tokens differ by (P s + Q alpha) /"
            " sqrt(alpha^2 + s^2), up to a constant, with a second derivative of at most sqrt(P^2 + Q^2)/s^2:"
            " kappa_l = (f/w)^2 times the largest distance between two tokens' points (P, Q)",
            smaller=(half_width**2 * slope(difference, 2)) ** 2,
            larger=across**2 + along**2,
            certificate=cauchy + (across**2 + along**2) * (1 - share) ** 2 * (3 * share**2 + 2 * share + 1),
        ),
    ]


def _derivation() -> list[Step]:
    return [
        *log_probabilities_move_within_the_oscillation(),
        Argued(
            name="remainder",
            says="The remainder of the logits after the term linear in alpha: for any two tokens its difference is 0"
            " at alpha = 0, as is its slope, so osc R <= alpha^2/2 kappa_l, kappa_l the largest oscillation of logit''",
            because="Taylor's theorem with Lagrange's remainder",
        ),
        *divergence_is_quadratic_in_the_oscillation(),
        *_last_block(),
    ]


LAW = Law(
    id="local_tilt",
    title="Near strength 0 every model tilts",
    source="beyond the paper",
    reading="The log-probability is that of the tilt by the logits' derivative at 0, within kappa_l alpha^2/2: a"
    " tolerance eps is kept up to the strength sqrt(2 eps/kappa_l).",
    statement=sp.Le(sp.Abs(LOG_PROBABILITY.symbol - local_tilt), remainder, evaluate=False),
    hypotheses=("the logits are twice differentiable in the strength, with second derivatives that are bounded",),
    claims=(
        Close(
            says="the log-probability is log p + alpha M_loc - K_loc(alpha), within kappa_l alpha^2/2",
            quantity=LOG_PROBABILITY,
            value=local_tilt,
            remainder=remainder,
            proof=("remainder",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="logits that bend more than kappa_l: the tilt of strength alpha + alpha^2",
        values=sp.log(p[j, z]) + (alpha + alpha**2) * M[z] - cgf(alpha + alpha**2),
    ),
)
