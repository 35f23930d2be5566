"""The embedded chains: whole texts of which every one is enumerated, so that the laws of texts must hold on them."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from numerics.bands.band import ROUNDING
from numerics.baseline import Baseline, Writing
from numerics.observing.grids import strength_grid
from numerics.observing.whole_texts import Scored
from steerlaw.experiments.experiment import Experiment, Grid
from steerlaw.inputs.subjects import Subject
from toy_models.steered_chain import SteeredChain, steered_chains

MODEL = "chain"
REACH = 6.0
"""Largest strength, as of the other toy models."""
JUDGE_ERRORS = (0.1, 0.2)
"""Of the judge whose curve is observed beside the true one: chances of a wrong yes and of a wrong no."""


def chain_experiments(grid: Grid) -> Iterator[Experiment]:
    """One experiment a chain, of whole texts alone: its next tokens are tilts, of which the other toys tell."""
    strengths = strength_grid(REACH, grid.text_count) if grid.strengths is None else grid.strengths
    for chain in steered_chains():
        yield chain_experiment(chain, strengths)


def chain_experiment(chain: SteeredChain, strengths: Float[np.ndarray, " strengths"]) -> Experiment:
    """The chain steered along its own log-odds, texts begun after each kind of token."""
    errors = np.array(JUDGE_ERRORS)
    baseline = Baseline(
        log_probs=chain.log_probs[list(chain.lasts)],
        log_odds=chain.log_odds,
        concepts=chain.concepts,
        logit_shift=chain.log_odds,
        writing=Writing(follows=chain.follows, length=float(chain.chain.length)),
        judge_errors=errors,
    )
    return Experiment(
        subject=Subject(
            model=MODEL,
            instance=chain.name,
            layer=0,
            concept="target",
            concept_names=chain.concept_names,
            contexts=[[last] for last in chain.lasts],
            kinds=frozenset({"texts"}),
        ),
        model=chain,
        vector=chain.log_odds,
        baseline=baseline,
        strengths=strengths,
        rounding=ROUNDING,
        along=lambda vector: replace(baseline, log_odds=vector, logit_shift=vector),
        texts=Scored(concepts=chain.concepts, names=chain.concept_names, errors=errors),
    )
