"""A text curve with all of its texts in one netCDF file, from which it is read to be scored anew.

What unsteered texts predict of it lies in a group of its own, UNSTEERED, with the scores of these texts.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from jaxtyping import Float

from numerics.files.netcdf import read_netcdf
from numerics.files.text import parse_json
from real_models.sampling.batches import Wanted
from real_models.sampling.rescoring import TextCosts
from real_models.sampling.sampling import Draws
from real_models.sampling.slopes import TextSlopes
from real_models.text_curves.curve import TextCurve, curve_of
from real_models.text_curves.prediction import TextPrediction

FORMAT = "steerlaw text curve 1"
CURVES = ("values", "lower", "upper", "effective", "mean_weight", "reliable")
UNSTEERED = "unsteered"
Groups = Mapping[str, xr.Dataset]
PER_TOKEN = ("tokens", "log_prob", "divergence", "entropy")


def to_dataset(curve: TextCurve, **attributes: str | int | float) -> xr.Dataset:
    """The curve, its texts and their costs; texts lie as JSON in bytes, which any netCDF file can hold."""
    curves = {name: ("strength", np.asarray(getattr(curve, name), float)) for name in CURVES}
    nats = {f"nats_{name}": ("strength", np.asarray(getattr(curve.nats, name), float)) for name in CURVES}
    draws = {name: (("text", "token"), getattr(curve.draws, name)) for name in PER_TOKEN}
    costs = {f"text_{name}": (("text", "strength"), getattr(curve.costs, name)) for name in ("log_prob", "divergence")}
    sampled = {name: ("text", column) for name, column in vars(curve.sampled).items() if name != "strength"}
    rest = {"drawn_at": curve.sampled.strength, "scores": curve.scores, "lengths": curve.draws.lengths}
    return xr.Dataset(
        curves
        | nats
        | draws
        | costs
        | sampled
        | {name: ("text", column) for name, column in rest.items()}
        | {"ended": ("text", curve.draws.ended.astype(np.int8)), "words": _as_bytes(list(curve.texts))},
        coords={"strength": curve.strengths},
        attrs={"format": FORMAT, "level": curve.level, "rounding": curve.rounding} | attributes,
    )


def prediction_dataset(prediction: TextPrediction, scores: Float[np.ndarray, " texts"]) -> xr.Dataset:
    """The prediction and the scores of its texts."""
    of_texts = {name: ("text", getattr(prediction, name)) for name in ("prompt", "lengths", "log_prob")}
    slopes = {name: ("text", getattr(prediction.slopes, name)) for name in ("first", "second")}
    per_token = {"tokens": prediction.tokens, "information": prediction.slopes.information}
    words = [list(map(list, prediction.prompts)), list(prediction.texts)]
    return xr.Dataset(
        of_texts
        | slopes
        | {name: (("text", "token"), table) for name, table in per_token.items()}
        | {"scores": ("text", scores), "words": _as_bytes(words)},
        attrs={"temperature": prediction.temperature},
    )


def write_texts(
    path: Path, curve: TextCurve, predicted: tuple[TextPrediction, np.ndarray] | None, **attributes: str | int | float
) -> None:
    """The file of a curve and of what unsteered texts predict of it, with their scores."""
    to_dataset(curve, **attributes).to_netcdf(path, engine="h5netcdf")
    if predicted is not None:
        prediction_dataset(*predicted).to_netcdf(path, group=UNSTEERED, mode="a", engine="h5netcdf")


def read_prediction(
    path: str | Path, groups: Groups | None = None
) -> tuple[TextPrediction, Float[np.ndarray, " texts"]] | None:
    """The prediction that a file holds, with the scores of its texts; None where it holds none.

    `groups` are what was read of the file already.
    """
    if (data := (groups or read_netcdf(path)).get(UNSTEERED)) is None:
        return None
    try:
        prompts, texts = parse_json(data["words"].to_numpy().astype(np.uint8).tobytes().decode(), f"{path}: words")
        column = {str(name): data[name].to_numpy() for name in data.variables}
        slopes = TextSlopes(**{name: column[name] for name in ("first", "second", "information")})
        count = data.sizes["text"]
        if len(texts) != count or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"{count} texts expected")
        if not 0 <= column["prompt"].min() <= column["prompt"].max() < len(prompts):
            raise ValueError("texts of prompts that are not there")
        prediction = TextPrediction(
            prompts=[[int(n) for n in ids] for ids in prompts],
            texts=texts,
            slopes=slopes,
            temperature=float(data.attrs["temperature"]),
            **{name: column[name] for name in ("prompt", "tokens", "lengths", "log_prob")},
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}: not whole ({error}); draw the texts again") from error
    return prediction, column["scores"]


def _as_bytes(words: list) -> tuple[str, np.ndarray, dict, dict]:
    return "byte", np.frombuffer(json.dumps(words).encode(), np.uint8), {}, {"zlib": True}


def read_text_curve(path: str | Path, groups: Groups | None = None) -> tuple[TextCurve, dict]:
    """The curve that `to_dataset` was written as, made anew from its texts; and the file's attributes.

    `groups` are what was read of the file already. Anything else, or less, is a `ValueError` of one line that names it.
    """
    data = (groups or read_netcdf(path)).get("", xr.Dataset())
    if data.attrs.get("format") != FORMAT:
        raise ValueError(f"{path}: expected a file that `steerlaw texts` wrote, got one of another kind")
    try:
        texts = parse_json(data["words"].to_numpy().astype(np.uint8).tobytes().decode(), f"{path}: words")
        count = data.sizes["text"]
        if not isinstance(texts, list) or len(texts) != count or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"{count} texts expected")
        column = {str(name): data[name].to_numpy() for name in data.variables}
        curve = curve_of(
            column["strength"].astype(float),
            Wanted(prompt=column["prompt"], strength=column["drawn_at"], stream=column["stream"]),
            Draws(**{name: column[name] for name in (*PER_TOKEN, "lengths")}, ended=column["ended"].astype(bool)),
            TextCosts(log_prob=column["text_log_prob"], divergence=column["text_divergence"]),
            texts,
            column["scores"],
            float(data.attrs["level"]),
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not whole ({error}); draw the texts again") from error
    return curve, {str(name): value for name, value in data.attrs.items()}
