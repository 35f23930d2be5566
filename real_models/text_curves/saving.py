"""A text curve with all of its texts in one netCDF file, from which it is read to be scored anew."""

import json
from pathlib import Path

import numpy as np
import xarray as xr

from numerics.files.netcdf import read_netcdf
from numerics.files.text import parse_json
from real_models.sampling.batches import Wanted
from real_models.sampling.rescoring import TextCosts
from real_models.sampling.sampling import Draws
from real_models.text_curves.curve import TextCurve, curve_of

FORMAT = "steerlaw text curve 1"
CURVES = ("values", "lower", "upper", "effective", "mean_weight", "reliable")
PER_TOKEN = ("tokens", "log_prob", "divergence", "entropy")


def to_dataset(curve: TextCurve, **attributes: str | int | float) -> xr.Dataset:
    """The curve, its texts and their costs; texts lie as JSON in bytes, which any netCDF file can hold."""
    words = np.frombuffer(json.dumps(list(curve.texts)).encode(), np.uint8)
    curves = {name: ("strength", np.asarray(getattr(curve, name), float)) for name in CURVES}
    nats = {f"nats_{name}": ("strength", np.asarray(getattr(curve.nats, name), float)) for name in CURVES}
    draws = {name: (("text", "token"), getattr(curve.draws, name)) for name in PER_TOKEN}
    costs = {f"text_{name}": (("text", "strength"), table) for name, table in vars(curve.costs).items()}
    sampled = {name: ("text", column) for name, column in vars(curve.sampled).items() if name != "strength"}
    rest = {"drawn_at": curve.sampled.strength, "scores": curve.scores, "lengths": curve.draws.lengths}
    return xr.Dataset(
        curves
        | nats
        | draws
        | costs
        | sampled
        | {name: ("text", column) for name, column in rest.items()}
        | {"ended": ("text", curve.draws.ended.astype(np.int8)), "words": ("byte", words, {}, {"zlib": True})},
        coords={"strength": curve.strengths},
        attrs={"format": FORMAT, "level": curve.level, "rounding": curve.rounding} | attributes,
    )


def read_text_curve(path: str | Path) -> tuple[TextCurve, dict]:
    """The curve that `to_dataset` was written as, made anew from its texts; and the file's attributes.

    Anything else, or less, is a `ValueError` of one line that names the file.
    """
    data = read_netcdf(path).get("", xr.Dataset())
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
