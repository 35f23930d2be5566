"""The vectors of a plan's cells: built once for all cells that share texts, and kept among the results."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from real_models import LanguageModel, difference_of_means, load_vector, save_vector
from steerlaw.experiments.parts import digest
from steerlaw.plans.cell import Planned
from steerlaw.plans.identity import vector_origin
from steerlaw.plans.plan import Plan
from steerlaw.plans.sources import redrawn, vector_texts

VECTORS = "vectors"


def vector_of(plan: Plan, cell: Planned, model: LanguageModel, results: Path) -> Float[np.ndarray, " d"]:
    """What a cell steers along: the difference of means, or a random direction of its norm; of norm 1 where asked."""
    path = results / VECTORS / f"{digest(vector_origin(plan, cell))[:20]}.safetensors"
    vector = _built(plan, cell, model, path)[cell.layer].astype(np.float64)
    if cell.along == "random_direction":
        drawn = np.random.default_rng([cell.seed, cell.layer]).standard_normal(vector.shape)
        vector = drawn * (np.linalg.norm(vector) / np.linalg.norm(drawn))
    return vector / np.linalg.norm(vector) if cell.unit else vector


def _built(plan: Plan, cell: Planned, model: LanguageModel, path: Path) -> dict[int, Float[np.ndarray, " d"]]:
    """The vectors of all blocks from their file, or built and kept there."""
    try:
        found = load_vector(path)
    except (OSError, ValueError):
        texts = vector_texts(plan, cell)
        if redrawn(plan, cell):
            rng = np.random.default_rng(cell.seed)
            texts = tuple([some[n] for n in rng.integers(len(some), size=len(some))] for some in texts)
        vectors = difference_of_means(model, *texts)
        metadata = {"model": model.name, "concept": cell.concept, "positive": len(texts[0]), "negative": len(texts[1])}
        save_vector(path, dict(enumerate(np.asarray(vectors))), metadata)
        found = load_vector(path)
    if cell.layer not in found:
        raise ValueError(f"block {cell.layer} of {cell.model}: expected a number from 0 to {max(found)}")
    return found
