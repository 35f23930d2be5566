"""Nats spent on a whole text: those of its next tokens add up (beyond the paper)."""

import sympy as sp

from theory.claims import Bounded, Close
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, variance_is_at_most_popoviciu
from theory.quantities import TEXT_DIVERGENCE
from theory.steps import Argued, Identity, Inequality, Step
from theory.tilted import (
    M,
    M_max,
    M_min,
    M_range,
    TextMean,
    TextSpent,
    TextTilt,
    V,
    alpha,
    cgf,
    expectation,
    i,
    pi,
    slope,
    summed,
    text_length,
    tilted_mean,
    y,
)
from theory.whole_texts import (
    after_a_beginning,
    beginning,
    divergence,
    log_slope,
    over_beginnings,
    slopes_have_mean_zero,
    total,
    weight,
)

t = sp.Symbol("t", nonnegative=True)
spent = TextMean(TextSpent(alpha), alpha)
most = text_length * M_range**2 * alpha**2 / 8


def _derivation() -> list[Step]:
    return [*_chain_rule(), *_bound(), *_near_zero()]


def _chain_rule() -> list[Step]:
    """Of beginnings and the token after them; `pi[i]` stands for the unsteered probability of a beginning."""
    so_far = sp.log(beginning[i] / pi[i])
    mean = summed(weight * M[y], (y, V)) / total
    return [
        Identity(
            says="Chain rule: a token more adds the relative entropy of its own distribution, on average over the"
            " beginnings that steering writes (Q; unsteered pi)",
            lhs=after_a_beginning(so_far + alpha * M[y] - sp.log(total)),
            rhs=over_beginnings(so_far) + over_beginnings(alpha * mean - sp.log(total)),
        ),
        Argued(
            name="chain rule",
            says="so the relative entropy of whole texts is the mean over steered texts of alpha K' - K, added up"
            " over their tokens",
            because="induction on the number of tokens; a text that has ended adds nothing",
        ),
    ]


def _bound() -> list[Step]:
    spread = expectation((M_max - M[y]) * (M[y] - M_min)) + (tilted_mean() - (M_max + M_min) / 2) ** 2
    return [
        variance_is_at_most_popoviciu(),
        *[
            Inequality(
                says=f"A next token spends at most alpha^2 R^2/8, R = M_max - M_min, at alpha = {sign}t",
                smaller=side * t * tilted_mean(side * t) - cgf(side * t),
                larger=M_range**2 * t**2 / 8,
                certificate=t * spread.subs(alpha, side * t),
                given=(M_max >= M[y], M[y] >= M_min),
                taylor=(t, 1),
            )
            for side, sign in ((1, ""), (-1, "-"))
        ],
        Argued(
            name="bound",
            says="so a text of at most n_T tokens spends between 0 and n_T alpha^2 R^2/8",
            because="a mean over texts of sums of at most n_T such terms, none of them negative (Gibbs)",
        ),
    ]


def _near_zero() -> list[Step]:
    return [
        *slopes_have_mean_zero(),
        Identity(
            says="What is spent changes at the rate E_alpha[S log P_alpha/P_0], as E_alpha[S] = 0",
            lhs=slope(divergence),
            rhs=TextMean(log_slope * TextTilt(0, alpha), alpha) + TextMean(log_slope, alpha),
        ),
        Argued(
            says="so it starts as alpha^2/2 times the Fisher information E_0[S^2] = -E_0[S'], the variances of M at the"
            " text's tokens added up",
            because="log P_alpha/P_0 = alpha S + O(alpha^2), S at strength 0",
        ),
    ]


LAW = Law(
    id="text_information",
    title="Nats add up along a text",
    source="beyond the paper",
    reading="The relative entropy of steered texts to unsteered ones is the sum of those of their next tokens, on"
    " average over steered texts; it starts as alpha^2/2 times the Fisher information and is at most"
    " n_T alpha^2 R^2/8.",
    statement=sp.Eq(TEXT_DIVERGENCE.symbol, spent, evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Close(
            says="KL(P_alpha, P_0) is the sum of alpha K' - K over the tokens of steered texts",
            quantity=TEXT_DIVERGENCE,
            value=spent,
            proof=("chain rule",),
        ),
        Bounded(
            says="it lies between 0 and n_T alpha^2 R^2/8",
            quantity=TEXT_DIVERGENCE,
            lower=sp.S.Zero,
            upper=most,
            proof=("bound",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="texts that spend on every token what the first one does, and half of that again",
        values=sp.Rational(3, 2) * spent,
    ),
)
