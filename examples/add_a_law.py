"""A law of your own, its proof checked and curves judged by it, without touching the catalogue.

The law: the mean log-odds climb no faster than a quarter of the squared range of the log-odds. docs/first_law.md goes
through the parts one by one, and from here to a row in the report.
"""

import numpy as np
import sympy as sp

import steerlaw
from theory.catalogue import derivation_report
from theory.claims import Bounded
from theory.law import Counterexample, Law
from theory.lemmas import (
    AFFINE,
    PERFECT,
    mean_is_slope_of_cgf,
    variance_is_at_most_popoviciu,
    variance_is_slope_of_mean,
)
from theory.quantities import MEAN_LOG_ODDS
from theory.tilted import M_max, M_min, alpha, tilted_mean, tilted_variance

FASTEST = (M_max - M_min) ** 2 / 4
LAW = Law(
    id="mean_climbs_slowly",
    title="The mean log-odds climb slowly",
    source="this example",
    reading="Per unit of strength the mean log-odds rise by at most (M_max - M_min)^2/4.",
    statement=sp.Le(tilted_variance(), FASTEST, evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Bounded(
            says="the mean log-odds rise at most at the rate (M_max - M_min)^2/4",
            quantity=MEAN_LOG_ODDS,
            derivative=1,
            lower=None,
            upper=FASTEST,
            proof=("variance at most",),
        ),
    ),
    derivation=lambda: [mean_is_slope_of_cgf(), variance_is_slope_of_mean(), variance_is_at_most_popoviciu()],
    counterexample=Counterexample(says="a model that is three times as quick", values=tilted_mean(3 * alpha)),
)


def main() -> None:
    """Check the proof, then judge a tilt, and a curve that is three times as steep."""
    print(f"derivation: {derivation_report(LAW).status}")
    p, M = np.array([0.5, 0.3, 0.2]), np.array([-1.0, 0.5, 2.0])
    strengths = np.linspace(-2, 2, 41)
    for name, pushed in {"a tilt": strengths, "three times as steep": 3 * strengths}.items():
        weights = p * np.exp(pushed[:, None] * M)
        mean = (weights @ M) / weights.sum(axis=1)
        found = steerlaw.compare(LAW, strengths, mean, log_probs=np.log(p), log_odds=M)
        print(f"{name}: {found.verdict} ({found.reason})")


if __name__ == "__main__":
    main()
