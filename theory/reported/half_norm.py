"""The sweet spot near half the residual's norm."""

import sympy as sp

from theory.reported._claim import Planted, Reported, a

REPORTED = Reported(
    id="half_norm",
    title="The best strength is about half the norm of the residual",
    source="D. Louapre, The Eiffel Tower Llama (Hugging Face, 2025)",
    claim="The best strength is of the order of half the size of a typical activation of the block.",
    asked="The push at which a nat of divergence buys the most of the concept: the largest efficiency "
    "kl(F, F_0)/KL(p_alpha, p) over the positive strengths of the window lies between a quarter and one norm.",
    statistic="push of the largest efficiency",
    unit="norms of the residual",
    least=0.25,
    most=1.0,
    per="block",
    power="The range is an eighth of the window, which reaches eight norms: a flat or a steadily falling efficiency "
    "fails, and so does one that still rises at the end. The source judged texts by an LLM; here it is the next token.",
    example=Planted(says="a peak at half a norm", seen={"efficiency": sp.exp(-((a - sp.Rational(1, 2)) ** 2)) / 2}),
    counterexample=Planted(says="a peak at three norms", seen={"efficiency": sp.exp(-((a - 3) ** 2)) / 2}),
)
