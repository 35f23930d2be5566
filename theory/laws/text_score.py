"""How fast anything about whole texts changes: with the slopes of their log-probabilities (beyond the paper)."""

import sympy as sp

from theory.claims import Close
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT
from theory.quantities import TEXT_HIT
from theory.steps import Identity, Step
from theory.tilted import TextMean, alpha, slope
from theory.whole_texts import hit, log_curvature, log_slope, slopes_have_mean_zero


def _derivation() -> list[Step]:
    return [
        Identity(
            name="slope",
            says="A text's probability changes at the rate S times itself, so a mean over texts at the rate"
            " E_alpha[g S] (here g marks the texts that hold a token of the concept; nothing of it is used)",
            lhs=slope(TextMean(hit, alpha)),
            rhs=TextMean(hit * log_slope, alpha),
        ),
        Identity(
            name="curvature",
            says="and that rate at the rate E_alpha[g (S^2 + S')]",
            lhs=slope(TextMean(hit, alpha), 2),
            rhs=TextMean(hit * (log_slope**2 + log_curvature), alpha),
        ),
        *slopes_have_mean_zero(),
    ]


LAW = Law(
    id="text_score",
    title="The slope of anything about whole texts",
    source="beyond the paper",
    reading="The mean of any score g of a text changes at the rate E_alpha[g S] = Cov_alpha(g, S), S the sum over the"
    " text's tokens of M - K'; at strength 0 unsteered texts tell it, and the curvature E_alpha[g (S^2 + S')].",
    statement=sp.Eq(slope(TEXT_HIT.symbol), TextMean(hit * log_slope, alpha), evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Close(
            says="the chance of a hit changes at the rate E_alpha[hit S]",
            quantity=TEXT_HIT,
            derivative=1,
            value=TextMean(hit * log_slope, alpha),
            integral=TextMean(hit, alpha),
            proof=("slope",),
        ),
        Close(
            says="and its slope at the rate E_alpha[hit (S^2 + S')]",
            quantity=TEXT_HIT,
            derivative=2,
            value=TextMean(hit * (log_slope**2 + log_curvature), alpha),
            integral=TextMean(hit, alpha),
            proof=("curvature",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="texts steered half as strongly again",
        values=TextMean(hit, 3 * alpha / 2),
    ),
)
