"""Steering breaks at a number of nats that is the same for all blocks."""

import sympy as sp

from theory.reported._claim import Planted, Reported, a

HUMP, LATE = sp.exp(-(a**2)), sp.exp(-((a / 4) ** 2))

REPORTED = Reported(
    id="fixed_nats",
    title="Steering breaks at a fixed number of nats per token",
    source="iso-KL calibration (wassname, 2026), whose budget is one nat per token; put as a claim by this project",
    claim="Additive steering breaks at a fixed number of nats of divergence per token, whatever the block.",
    asked="It breaks where, beyond the most efficient positive strength, a nat buys half as much of the concept: "
    "KL(p_alpha, p) there, the largest over the blocks of a model by the smallest.",
    statistic="largest over smallest nats at the break",
    unit="",
    least=1.0,
    most=2.0,
    per="model",
    power="It fails where one block breaks at more than twice the nats of another; contexts that do not break inside "
    "the window at two blocks at least are not asked.",
    example=Planted(says="other strengths, the same nats", seen={"efficiencies": (HUMP, LATE), "nats": (a, a / 4)}),
    counterexample=Planted(says="other strengths, other nats", seen={"efficiencies": (HUMP, LATE), "nats": (a, a)}),
)
