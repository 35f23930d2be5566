"""Steps that derivations about whole texts share: what holds for a token more holds, by induction, for all of them."""

import sympy as sp

from theory.steps import Argued, Identity, Step
from theory.tilted import Expr, J, M, TextMean, TextTilt, V, alpha, hits, i, p, summed, text, x, y

hit: Expr = hits[text]
log_slope: Expr = TextTilt(1, alpha)
"""`S`, the derivative of a text's log-probability in the strength."""
log_curvature: Expr = TextTilt(2, alpha)
divergence: Expr = TextMean(TextTilt(0, alpha), alpha)
"""`KL(P_alpha, P_0)`."""
beginning: Expr = sp.IndexedBase("Q", positive=True)
"""Probability, whatever it is, that what was written so far has led to the context i."""

weight: Expr = p[i, y] * sp.exp(alpha * M[y])
total: Expr = summed(p[i, x] * sp.exp(alpha * M[x]), (x, V))


def after_a_beginning(term: Expr) -> Expr:
    """Mean of an expression in the context i and the next token y, over beginnings and the token that follows them."""
    return summed(beginning[i] * summed(weight / total * term, (y, V)), (i, J))


def over_beginnings(term: Expr) -> Expr:
    """Mean over beginnings of an expression in the context i."""
    return summed(beginning[i] * term, (i, J))


def texts_add_up() -> list[Step]:
    """`sum over texts of P_alpha = 1`, at every strength."""
    return [
        Identity(
            says="A token more leaves the total as it was: after any beginning the next tokens' probabilities sum to 1",
            lhs=after_a_beginning(sp.S.One),
            rhs=over_beginnings(sp.S.One),
        ),
        Argued(
            name="total",
            says="so the probabilities of all texts add up to 1 at every strength",
            because="induction on the number of tokens; a text that has ended stays as it is",
        ),
    ]


def slopes_have_mean_zero() -> list[Step]:
    """`E_alpha[S] = 0` and `E_alpha[S^2 + S'] = 0`: the derivatives of the total."""
    return [
        *texts_add_up(),
        Identity(
            says="The mean of S is the slope of that total, and so 0",
            lhs=sp.Derivative(TextMean(sp.S.One, alpha), alpha),
            rhs=TextMean(log_slope, alpha),
        ),
        Identity(
            says="and that of S^2 + S' its second derivative, and so 0",
            lhs=sp.Derivative(TextMean(sp.S.One, alpha), (alpha, 2)),
            rhs=TextMean(log_slope**2 + log_curvature, alpha),
        ),
    ]
