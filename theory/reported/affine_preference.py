"""Preference in log-odds, affine in the strength near 0."""

import sympy as sp

from theory.reported._claim import Planted, Reported, a

REPORTED = Reported(
    id="affine_preference",
    title="Preference log-odds are affine near 0",
    source="Xu et al., Why Steering Works, arXiv 2602.02343 v1",
    claim="The log-odds of the preferred against the opposed member of a polarity pair grow linearly with the strength "
    "where it is small, then leave the line and level off; the paper's fits reach R^2 above 0.95.",
    asked="Of a line fitted to log p(pos)/p(neg) over pushes up to half a norm either way, R^2, the median over pairs: "
    "the n-th most probable watched token of the target set with the n-th most probable one outside. The paper's R^2 "
    "is that of a line times a decay, over its whole range; the line alone is what it says of small strengths.",
    statistic="R^2 of log-odds of pairs",
    unit="",
    least=0.95,
    most=1.0,
    per="block",
    power="Little: any smooth curve is affine near 0, so that it holds along random directions too. It fails where the "
    "logits bend within half a norm.",
    example=Planted(says="lines, hardly bent", seen={"pair_log_odds": (2 * a, 1 - a, 3 * a + a**2 / 10)}),
    counterexample=Planted(
        says="log-odds that turn at 0", seen={"pair_log_odds": (sp.cos(4 * a), a**2 + a / 10, sp.cosh(a))}
    ),
)
