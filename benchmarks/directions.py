"""False alarms of a rank among directions: the steering vector is itself a random direction of the shipped model.

Each of many random directions takes its turn as the vector; the others are drawn from for its control. Beside it stands
what exchanges the labels of contexts against a single direction, as if contexts could tell directions apart.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.stats import binomtest

from numerics.judging.shares import rank_levels
from real_models import load_model
from steerlaw.experiments.directions import follow
from steerlaw.experiments.embedded import embedded_concept
from steerlaw.experiments.experiment import Grid
from steerlaw.experiments.language import language_experiments
from steerlaw.results.directions import ranked_claims, scores
from theory.catalogue import laws
from toy_models import stdlib_gpt

LEVEL = 0.05
DIRECTIONS, DRAWN, ROUNDS = 200, 20, 2000
EXCHANGES = 2048
ASKED = ranked_claims(laws().values())


def shares_of_directions(count: int) -> dict[str, np.ndarray]:
    """Of each claim the shares `[directions, contexts]` of so many random directions at the last block."""
    model, exact = (load_model(stdlib_gpt.CHECKPOINT, dtype=dtype) for dtype in ("float32", "float64"))
    concept = embedded_concept(model, "uppercase")
    last = {max(concept.vectors): concept.vectors[max(concept.vectors)]}
    concept = replace(concept, vectors=last, segments=None)
    experiment = replace(next(iter(language_experiments(model, exact, concept, Grid()))), residuals=None)
    claims = [claim for _, own in ASKED for claim in own]
    found: dict[str, list[np.ndarray]] = {}
    for one in follow(experiment, claims, count, seed=1):
        if one.origin is not None:
            for (law, says), shares in scores(one.observation, ASKED).items():
                found.setdefault(f"`{law}`: {says}", []).append(shares)
    return {name: np.stack(rows) for name, rows in found.items()}


def exchange_levels(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """p-values of pairs of directions `[pairs, contexts]` where contexts exchange the labels of the two."""
    differences = np.nan_to_num(first - second)
    signs = rng.choice([-1.0, 1.0], size=(EXCHANGES, differences.shape[1]))
    signs[0] = 1
    sums = differences @ signs.T
    return (sums >= sums[:, :1] - 1e-12).mean(axis=1)


def direction_alarms(scale: float) -> Iterator[str]:
    """Share of random directions said to be more than a random direction, claim by claim and for all claims."""
    count, rounds = max(int(DIRECTIONS * scale), DRAWN + 5), int(ROUNDS * scale)
    shares = shares_of_directions(count)
    rng = np.random.default_rng(0)
    draws = np.array([rng.permutation(count)[: DRAWN + 1] for _ in range(rounds)])
    means = {
        name: np.nanmean(np.where(np.isnan(rows).all(axis=1, keepdims=True), 0.0, rows), axis=1)
        for name, rows in shares.items()
    }
    table = np.stack(list(means.values()), axis=1)
    levels, for_all = (np.array(part) for part in zip(*(rank_levels(table[drawn]) for drawn in draws), strict=True))
    yield f"### False alarms among directions: random against random, {count} at the last block, level {LEVEL:g}"
    yield ""
    yield (
        f"{rounds:,} times one random direction is the vector and {DRAWN} others its control, each judged by its own "
        "derivative on the 16 contexts of upper case. *By contexts*: contexts exchange the labels of the vector and of "
        "one other direction, which takes contexts for replicates; it was the product's test until now. *By rank*: the "
        "direction is the replicate. Ties make a rank conservative."
    )
    yield ""
    yield "| claim | by contexts | by rank |"
    yield "|---|---|---|"
    for number, (name, rows) in enumerate(shares.items()):
        old = (exchange_levels(rows[draws[:, 0]], rows[draws[:, 1]], rng) <= LEVEL).mean()
        yield f"| {name} | {100 * old:.1f}% | {100 * (levels[:, number] <= LEVEL).mean():.1f}% |"
    any_alarm = (for_all <= LEVEL).any(axis=1)
    high = binomtest(int(any_alarm.sum()), rounds).proportion_ci(method="exact").high
    yield f"| any of them, adjusted | | {100 * any_alarm.mean():.1f}% (at most {100 * high:.1f}%) |"
