"""Which of n prompts' thresholds speaks for the next one: the order statistic that every choice over prompts rests on.

Of n + 1 exchangeable thresholds the newest is among the k smallest with probability k/(n + 1), or less where some are
equal. A strength below the k-th smallest of the n that are known is therefore too large for a new prompt with at most
that probability.

Source: V. Vovk, A. Gammerman and G. Shafer, Algorithmic Learning in a Random World (2005).
"""

from math import ceil, floor


def rank_at_risk(prompts: int, risk: float) -> int:
    """k = `floor((n + 1) risk)`, of which 0 says that n prompts cannot show so small a risk."""
    if not 0 < risk < 1:
        raise ValueError(f"risk is {risk!r}, expected a share between 0 and 1, such as 0.05")
    return floor((prompts + 1) * risk + 1e-9)


def conformal_rank(prompts: int, risk: float) -> int:
    """The same where it is 1 or more; else a `ValueError` that says how many prompts it takes."""
    if (rank := rank_at_risk(prompts, risk)) < 1:
        least = ceil(1 / risk - 1 - 1e-9)
        raise ValueError(
            f"{prompts} prompts cannot show a risk of {risk:g}: expected {least} or more, or a larger risk"
        )
    return rank
