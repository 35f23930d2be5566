"""Whole texts of a model steered at a block: observed under steering, and predicted by unsteered ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.files.netcdf import read_netcdf
from numerics.reweighting.derivatives import Derivatives
from real_models import TextCurve, TextPrediction
from real_models.text_curves.saving import FORMAT, Groups, read_prediction, read_text_curve

Scores = Float[np.ndarray, " texts"]
FAILURE = "loops"
"""The event that is looked for in all texts: they repeat themselves."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SweptTexts:
    """The curve of one score of texts, and what unsteered texts, whose scores are `unsteered`, predict of it.

    `events` are by name which of the observed and of the unsteered texts are of a kind (1, 0, or NaN where that is not
    known). `random` are predictions for random directions of the vector's norm, by the same unsteered texts, and
    `along_random` is what was observed along the first of them. Without a `predicted` nothing was predicted.
    """

    model: str
    layer: int | None
    concept: str | None
    score: str
    tokens: int
    curve: TextCurve
    predicted: TextPrediction | None = None
    unsteered: Scores | None = None
    events: Mapping[str, tuple[Scores, Scores]] = field(default_factory=dict)
    random: Sequence[Derivatives] = ()
    along_random: TextCurve | None = None


def swept_texts(
    curve: TextCurve, predicted: tuple[TextPrediction, Scores] | None, about: Mapping[str, Any], path: str = "texts"
) -> SweptTexts:
    """Of a curve and a prediction, `about` the attributes of their file; events: loops, and a score of yes and no."""
    prediction, unsteered = predicted or (None, None)
    name, layer = str(about.get("score") or "score"), about.get("layer")
    events = {}
    if prediction is not None and unsteered is not None:
        events[FAILURE] = curve.rescored(FAILURE).scores, prediction.scores(FAILURE)
        if _of_yes_and_no(curve.scores) and _of_yes_and_no(unsteered):
            events[name] = curve.scores, unsteered
    return SweptTexts(
        model=str(about.get("model") or Path(path).stem),
        layer=None if layer is None else int(np.asarray(layer).item()),
        concept=str(about.get("concept") or "") or None,
        score=name,
        tokens=curve.draws.tokens.shape[1],
        curve=curve,
        predicted=prediction,
        unsteered=unsteered,
        events=events,
    )


def is_swept_texts(groups: Groups) -> bool:
    """Whether the groups of a netCDF file are those of `steerlaw texts`."""
    return "" in groups and groups[""].attrs.get("format") == FORMAT


def read_swept_texts(path: str | Path, groups: Groups | None = None) -> SweptTexts:
    """What `steerlaw texts` wrote; a file that is not whole is a `ValueError` of one line."""
    groups = read_netcdf(path) if groups is None else groups
    curve, about = read_text_curve(path, groups)
    return swept_texts(curve, read_prediction(path, groups), about, str(path))


def _of_yes_and_no(scores: Scores) -> bool:
    return bool(np.isin(scores[~np.isnan(scores)], (0.0, 1.0)).all())
