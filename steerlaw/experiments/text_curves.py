"""Text curves to a file, some hundred texts at a time; what was drawn survives a kill."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.files.alone import alone
from numerics.files.atomic import replacing
from numerics.files.npz import npz_names, read_npz
from real_models import LanguageModel, TextCurve, text_curve
from real_models.checkpoints.hub import find_checkpoint
from real_models.text_curves.saving import to_dataset
from steerlaw.experiments.checkpoint_hashes import checkpoint_hashes
from steerlaw.experiments.kept import environment
from steerlaw.experiments.parts import RESULT, close_parts, digest, open_parts

FORMAT = 1
Cell = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class TextRequest:
    """What to draw after which prompts, and how it is scored."""

    checkpoint: str
    layer: int
    vector: Float[np.ndarray, " d"]
    prompts: Sequence[str]
    strengths: Float[np.ndarray, " strengths"]
    tokens: int
    samples: int
    seed: int = 0
    temperature: float = 1.0
    level: float = 0.05
    dtype: str = "float32"

    @property
    def plan(self) -> dict[str, Any]:
        """Everything that determines the texts, large things by their hashes."""
        return {
            "format": FORMAT,
            "of": "texts",
            **environment(),
            "dtype": self.dtype,
            "checkpoint": checkpoint_hashes(find_checkpoint(self.checkpoint)),
            "vector": [self.layer, digest(np.asarray(self.vector))],
            "prompts": digest(list(self.prompts)),
            "strengths": digest(np.asarray(self.strengths)),
            "draws": [self.tokens, self.samples, self.seed, self.temperature],
        }


def texts_to_file(
    request: TextRequest,
    model: LanguageModel,
    score: Any,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    score_all: Callable[[Sequence[str]], Float[np.ndarray, " texts"]] | None = None,
) -> TextCurve:
    """Draw and score what is asked for and write it to `out`, with everything that scoring it anew needs.

    `score_all` scores all texts at once, in place of `score`. Until `out` is complete, what was drawn lies in the
    directory `out`.parts; the same request takes it up again, whatever its score.
    """
    with alone(out), open_parts(out, request.plan) as directory:

        def keep(made_from: Sequence[Any], make: Callable[[], Cell]) -> Cell:
            own, strength, *rest = made_from
            return kept_cell(directory / f"{digest(own, strength, *rest)}.npz", make)

        curve = text_curve(
            model,
            request.prompts,
            "length" if score_all else score,
            request.strengths,
            layer=request.layer,
            vector=request.vector,
            tokens=request.tokens,
            samples=request.samples,
            seed=request.seed,
            level=request.level,
            temperature=request.temperature,
            keep=keep,
            progress=progress,
        )
        curve = curve if score_all is None else curve.rescored(score_all(curve.texts))
        with replacing(directory / RESULT) as temporary:
            write(curve, temporary, model=model.name, layer=request.layer, seed=request.seed, tokens=request.tokens)
        close_parts(directory)
    return curve


def write(curve: TextCurve, path: Path, **attributes: str | int | float) -> None:
    """The curve as a netCDF file."""
    to_dataset(curve, **attributes).to_netcdf(path, engine="h5netcdf")


def kept_cell(path: Path, make: Callable[[], Cell]) -> Cell:
    """The arrays of a file, or, where it is not there or not whole, those that are made, which it then holds."""
    try:
        cell = read_npz(path, npz_names(path))
        if cell:
            return cell
    except (OSError, ValueError, KeyError):
        pass
    cell = make()
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **cell)
    return cell
