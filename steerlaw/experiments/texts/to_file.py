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
from real_models import LanguageModel, TextCurve, TextPrediction, predict_texts, text_curve
from real_models.checkpoints.hub import find_checkpoint
from real_models.text_curves.curve import LEAST_EACH
from real_models.text_curves.saving import write_texts
from steerlaw.experiments.checkpoint_hashes import checkpoint_hashes
from steerlaw.experiments.kept import environment
from steerlaw.experiments.parts import RESULT, close_parts, digest, open_parts
from steerlaw.experiments.texts.scoring import ScoreAll
from steerlaw.inputs.swept_texts import SweptTexts, swept_texts

FORMAT = 2
Cell = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class TextRequest:
    """What to draw after which prompts, and how it is scored; `predicted`: unsteered texts to predict it by, too."""

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
    predicted: bool = False
    concept: str = ""

    @property
    def unsteered(self) -> int:
        """Unsteered texts per prompt: half as many as are drawn to be observed."""
        return max(self.samples // 2, 2 if len(self.prompts) > 1 else LEAST_EACH)

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
            "draws": [self.tokens, self.samples, self.seed, self.temperature, self.predicted],
        }


def texts_to_file(
    request: TextRequest,
    model: LanguageModel,
    score: Any,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    score_all: ScoreAll | None = None,
    called: str = "",
) -> SweptTexts:
    """Draw and score what is asked for and write it to `out`, with everything that scoring it anew needs.

    `score_all` scores all texts at once, in place of `score`; `called` is what the score is called. Until `out` is
    complete, what was drawn lies in the directory `out`.parts; the same request takes it up again, whatever its score.
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
        prediction = _prediction(request, model) if request.predicted else None
        curve, predicted = scored_together(curve, prediction, score, score_all)
        about: dict[str, Any] = {"model": model.name, "layer": request.layer, "seed": request.seed}
        about |= {"tokens": request.tokens, "score": called, "concept": request.concept}
        with replacing(directory / RESULT) as temporary:
            write_texts(temporary, curve, predicted, **about)
        close_parts(directory)
    return swept_texts(curve, predicted, about)


def _prediction(request: TextRequest, model: LanguageModel) -> TextPrediction:
    """Unsteered texts after the same prompts, none of them one that is observed."""
    return predict_texts(
        model,
        request.prompts,
        layer=request.layer,
        vector=request.vector,
        tokens=request.tokens,
        samples=request.unsteered,
        seed=request.seed,
        temperature=request.temperature,
    )


def scored_together(
    curve: TextCurve,
    prediction: TextPrediction | None,
    score: Any,
    score_all: ScoreAll | None,
    level: float | None = None,
) -> tuple[TextCurve, tuple[TextPrediction, Float[np.ndarray, " texts"]] | None]:
    """The texts of both, observed and unsteered, by one score; `score_all` scores all texts at once, in its place."""
    if score_all is None:
        curve = curve.rescored(score, level)
        return curve, prediction and (prediction, prediction.scores(score))
    scores = score_all([*curve.texts, *(prediction.texts if prediction else ())])
    curve = curve.rescored(scores[: len(curve.texts)], level)
    return curve, prediction and (prediction, scores[len(curve.texts) :])


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
