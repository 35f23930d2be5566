"""How often intervals for mean shares hold the truth: few contexts, and the distributions that break t intervals.

*Rare*: a context's share is 1 with probability 0.05, else 0. *Mirrored skew*: shares are Beta(8, 1/2), nearly all of
them near 1, and those of the control Beta(1/2, 8), so that differences are skewed too. *Both skewed*: a law and its
control have the same rare contexts' distribution and no excess.
"""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float

from numerics.bands.intervals import bounded_mean_band, clopper_pearson, mean_band

LEVEL, ROUNDS = 0.05, 2000
CONTEXTS = (2, 4, 8, 16, 32)
TOKENS = 50

Draw = Callable[[np.random.Generator, tuple[int, int]], Float[np.ndarray, "rounds contexts"]]


def rare(rng: np.random.Generator, size: tuple[int, int]) -> Float[np.ndarray, "rounds contexts"]:
    return (rng.random(size) < 0.05).astype(float)


def skewed(rng: np.random.Generator, size: tuple[int, int]) -> Float[np.ndarray, "rounds contexts"]:
    return rng.beta(8, 0.5, size)


def mirrored(rng: np.random.Generator, size: tuple[int, int]) -> Float[np.ndarray, "rounds contexts"]:
    return 1 - skewed(rng, size)


SHARES: dict[str, tuple[Draw, float]] = {
    "rare": (rare, 0.05),
    "skewed": (skewed, 8 / 8.5),
    "mirrored": (mirrored, 0.5 / 8.5),
}
EXCESSES: dict[str, tuple[Draw, Draw, float]] = {
    "rare against rare": (rare, rare, 0.0),
    "skewed against mirrored": (skewed, mirrored, 7.5 / 8.5),
    "skewed against skewed": (skewed, skewed, 0.0),
}


def drawn(name: str, contexts: int, rounds: int) -> tuple[Float[np.ndarray, "rounds contexts"], bool, float]:
    """Shares, or differences of shares (then true), of so many contexts in so many rounds, and their true mean."""
    rng, size = np.random.default_rng([6, contexts, len(name)]), (rounds, contexts)
    if name in SHARES:
        draw, truth = SHARES[name]
        return draw(rng, size), False, truth
    ours, theirs, truth = EXCESSES[name]
    return ours(rng, size) - theirs(rng, size), True, truth


def covered(name: str, contexts: int, rounds: int = ROUNDS) -> float:
    """Share of rounds in which the product's interval (`share_of`, `excess_over`) holds the true mean."""
    rows, differences, truth = drawn(name, contexts, rounds)
    unit = (lambda x: (x + 1) / 2) if differences else lambda x: x
    lower, upper = bounded_mean_band(unit(rows.T[:, None, :]), level=LEVEL)
    return float(((lower[0] - 1e-9 <= unit(truth)) & (unit(truth) <= upper[0] + 1e-9)).mean())


def covered_by_t(name: str, contexts: int, rounds: int = ROUNDS) -> float:
    """The same of t intervals, which the report showed for excesses until now."""
    rows, _, truth = drawn(name, contexts, rounds)
    lower, upper = mean_band(rows.T[:, None, :], level=LEVEL)
    return float(((lower[0] - 1e-9 <= truth) & (truth <= upper[0] + 1e-9)).mean())


def covered_by_pooling(contexts: int, rounds: int = ROUNDS) -> float:
    """The same of Clopper-Pearson's for tokens pooled over contexts that obey, or not, as a whole; half of them do."""
    obeying = np.random.default_rng([7, contexts]).binomial(contexts, 0.5, rounds) * TOKENS
    lower, upper = clopper_pearson(obeying, contexts * TOKENS, LEVEL)
    return float(((lower <= 0.5) & (upper >= 0.5)).mean())


def coverage(scale: float) -> Iterator[str]:
    """How often nominal 95% intervals over contexts hold the truth."""
    rounds = max(int(ROUNDS * scale), 100)
    yield f"### Coverage of intervals over contexts: {rounds:,} rounds, level {LEVEL:g}"
    yield ""
    yield (
        "Share of rounds in which the interval holds the true mean, in %, for shares and for the excess of a law over "
        "its control: the product's (betting: proved for any distribution in [0, 1]), then the t interval. Rare shares "
        "are 1 in one context of twenty, else 0; skewed ones Beta(8, 1/2), mirrored ones 1 less that. Last: contexts "
        f"that obey as a whole or not at all, their {TOKENS} tokens pooled into Clopper and Pearson's interval."
    )
    yield ""
    yield f"| contexts | {' | '.join(map(str, CONTEXTS))} |"
    yield "|---|" + "---|" * len(CONTEXTS)
    for name in (*SHARES, *EXCESSES):
        for method, share in (("betting", covered), ("t", covered_by_t)):
            yield f"| {name}, {method} | {' | '.join(f'{100 * share(name, n, rounds):.1f}' for n in CONTEXTS)} |"
    yield f"| tokens pooled | {' | '.join(f'{100 * covered_by_pooling(n, rounds):.1f}' for n in CONTEXTS)} |"
