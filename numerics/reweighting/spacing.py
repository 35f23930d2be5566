"""At which strengths to sample: about sqrt(2 B) a side, where a side ends at B nats, evenly in sqrt(2 B).

The divergence grows as alpha^2 I/2, so sqrt(2 B) is the distance in units of 1/sqrt(I), at which weights stay even.
"""

from math import ceil

import numpy as np
from jaxtyping import Float, Int


def sampling_strengths(
    strengths: Float[np.ndarray, " strengths"], nats: Float[np.ndarray, " strengths"], most: int
) -> Int[np.ndarray, " sampled"]:
    """The numbers of the strengths to sample at, at most `most`: the one nearest 0, both ends, and between them.

    `nats` is a rough divergence of a text at each strength from the unsteered ones. Each side has at least its end.
    """
    order = np.argsort(strengths, kind="stable")
    zero = int(np.argmin(np.abs(strengths)))
    distance = np.sqrt(2 * np.maximum(nats, 0.0))
    sides = [order[strengths[order] > strengths[zero]], order[strengths[order] < strengths[zero]][::-1]]
    reaches = [np.maximum.accumulate(distance[side]) for side in sides]
    wanted = [ceil(reach[-1]) if reach.size else 0 for reach in reaches]
    wanted = [max(1, n) if side.size else 0 for n, side in zip(wanted, sides, strict=True)]
    while sum(wanted) > max(most - 1, sum(n > 0 for n in wanted)):
        wanted[int(np.argmax(wanted))] -= 1
    chosen = {zero}
    for side, reach, count in zip(sides, reaches, wanted, strict=True):
        chosen |= {int(side[np.searchsorted(reach, reach[-1] * k / count)]) for k in range(1, count)}
        chosen |= {int(side[-1])} if count else set()
    return np.array(sorted(chosen))
