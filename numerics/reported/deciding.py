"""Verdicts on a family of claims: does a number lie in its range in most contexts, and how many finds are false?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.stats import binomtest

from numerics.judging.shares import adjusted

Answer = Literal["holds", "departs", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Decided:
    """`obeying` of the `judged` contexts have a number inside the range; levels are NaN where none was judged."""

    obeying: int
    judged: int
    level: float
    adjusted: float
    answer: Answer


def decide(
    numbers: Sequence[Float[np.ndarray, " contexts"]], ranges: Sequence[tuple[float, float]], *, level: float = 0.05
) -> list[Decided]:
    """One verdict a claim: the sign test, and of all claims together at most the share `level` of false finds.

    Each context obeys if its number lies in the closed range; NaN is no trial. `holds`: more than half of all contexts
    like these do; `departs`: fewer. Two-sided exact binomial levels, adjusted for the family (Benjamini & Yekutieli
    2001), whatever the dependence between claims; contexts are taken to be independent.

    >>> decide([np.full(12, 0.5), np.array([0.5, 2.0])], [(0.0, 1.0)] * 2)[0].answer
    'holds'
    """
    counts = []
    for values, (least, most) in zip(numbers, ranges, strict=True):
        known = values[~np.isnan(values)]
        counts.append((int(((least <= known) & (known <= most)).sum()), known.size))
    levels = np.array([binomtest(inside, known).pvalue if known else np.nan for inside, known in counts])
    asked, for_all = ~np.isnan(levels), np.full(len(levels), np.nan)
    for_all[asked] = adjusted(levels[asked], controlling="discoveries")
    return [
        Decided(
            obeying=n, judged=known, level=float(own), adjusted=float(all_), answer=_answer(n, known, all_ <= level)
        )
        for (n, known), own, all_ in zip(counts, levels, for_all, strict=True)
    ]


def _answer(obeying: int, judged: int, found: bool) -> Answer:
    if not found or 2 * obeying == judged:
        return "undecided"
    return "holds" if 2 * obeying > judged else "departs"
