"""Texts that a steered model wrote, with what each of their tokens cost: a record that files keep whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float, Int

from numerics.files.atomic import replacing
from numerics.files.netcdf import read_netcdf
from numerics.files.text import parse_json
from real_models.sampling.drawing import Drawing

FORMAT = "steerlaw texts 1"
TABLES = ("tokens", "log_prob", "divergence", "entropy")
TEXT_DIMENSIONS = ("prompt", "strength", "sample")


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledTexts:
    """Texts by prompt, strength and sample, steered at every position of prompt and text.

    `log_prob` is of each token under the distribution that it was drawn from (greedy: under the model's own);
    `divergence` (nats) is KL(p_alpha, p) of the whole next-token distribution at that token, exactly, and `entropy`
    that of p_alpha, both at the temperature and before `top_k` and `top_p` cut anything. A text ends with the first end
    token, which is its own; from there on its last token is repeated and the three are 0, so that sums over tokens are
    those of the text. `lengths` counts its tokens; `texts` are without special tokens, "" where there is no tokenizer.
    """

    model: str
    layer: Sequence[int]
    prompts: Sequence[Sequence[int]]
    prompt_texts: Sequence[str]
    strengths: Float[np.ndarray, " strengths"]
    tokens: Int[np.ndarray, "prompts strengths samples tokens"]
    log_prob: Float[np.ndarray, "prompts strengths samples tokens"]
    divergence: Float[np.ndarray, "prompts strengths samples tokens"]
    entropy: Float[np.ndarray, "prompts strengths samples tokens"]
    lengths: Int[np.ndarray, "prompts strengths samples"]
    ended: Bool[np.ndarray, "prompts strengths samples"]
    texts: np.ndarray
    drawing: Drawing
    seed: int
    dtype: str

    @property
    def nats(self) -> Float[np.ndarray, "prompts strengths samples"]:
        """The divergence of each text: the sum over its tokens; its mean over samples estimates KL(P_alpha || P_0)."""
        return self.divergence.sum(axis=-1, dtype=np.float64)

    def to_xarray(self) -> xr.Dataset:
        """Everything as one dataset; what is text lies as JSON in bytes, which any netCDF file can hold."""
        words = {"prompts": list(map(list, self.prompts)), "prompt_texts": list(self.prompt_texts)}
        words["texts"] = self.texts.tolist()
        encoded = np.frombuffer(_json(words).encode(errors="replace"), np.uint8)
        tables = {name: ((*TEXT_DIMENSIONS, "token"), getattr(self, name)) for name in TABLES}
        drawn = {name: value for name, value in vars(self.drawing).items() if value is not None}
        return xr.Dataset(
            tables
            | {"lengths": (TEXT_DIMENSIONS, self.lengths), "ended": (TEXT_DIMENSIONS, self.ended.astype(np.int8))}
            | {"words": ("byte", encoded, {}, {"zlib": True})},
            coords={"strength": self.strengths},
            attrs={"format": FORMAT, "model": self.model, "layer": list(self.layer), "dtype": self.dtype}
            | {"seed": self.seed, **drawn},
        )

    def to_dataframe(self) -> Any:
        """A row a text: prompt, strength, sample, text, tokens, log-probability and nats (pandas)."""
        data = {"length": self.lengths, "ended": self.ended, "nats": self.nats, "text": self.texts}
        data["log_prob"] = self.log_prob.sum(axis=-1, dtype=np.float64)
        frame = xr.Dataset({name: (TEXT_DIMENSIONS, value) for name, value in data.items()}).assign_coords(
            strength=self.strengths, prompt=np.arange(len(self.prompts)), sample=np.arange(self.tokens.shape[2])
        )
        return frame.to_dataframe().reset_index()

    def write(self, path: str | Path, **attributes: str) -> None:
        """Write a netCDF file, whole or not at all."""
        with replacing(path) as temporary:
            self.to_xarray().assign_attrs(attributes).to_netcdf(temporary, engine="h5netcdf")

    @classmethod
    def read(cls, path: str | Path) -> "SampledTexts":
        """What `write` wrote; anything else is a `ValueError` of one line."""
        return from_dataset(read_netcdf(path).get("", xr.Dataset()), path)


def from_dataset(data: xr.Dataset, path: str | Path) -> SampledTexts:
    """The record that a dataset holds; a `ValueError` names the file and what is wrong with it."""
    if data.attrs.get("format") != FORMAT:
        raise ValueError(f"{path}: expected texts that steerlaw sampled, got a file of another kind")
    try:
        words = parse_json(data["words"].to_numpy().astype(np.uint8).tobytes().decode(), f"{path}: words")
        sizes = tuple(data.sizes[name] for name in TEXT_DIMENSIONS)
        texts, prompts = np.array(words["texts"], object), words["prompts"]
        tables = {name: data[name].transpose(*TEXT_DIMENSIONS, "token").to_numpy() for name in TABLES}
        if texts.shape != sizes or {len(prompts), len(words["prompt_texts"])} != {sizes[0]}:
            raise ValueError(f"texts of shape {texts.shape}, expected {sizes}")
        if not all(isinstance(text, str) for text in [*texts.flat, *words["prompt_texts"]]):
            raise ValueError("texts that are no texts")
        drawn = {name: data.attrs[name] for name in ("temperature", "top_k", "top_p") if name in data.attrs}
        return SampledTexts(
            model=str(data.attrs["model"]),
            layer=[int(n) for n in np.atleast_1d(data.attrs["layer"])],
            prompts=[[int(n) for n in ids] for ids in prompts],
            prompt_texts=words["prompt_texts"],
            strengths=data.variables["strength"].to_numpy().astype(np.float64),
            **tables,
            lengths=data["lengths"].to_numpy(),
            ended=data["ended"].to_numpy().astype(bool),
            texts=texts,
            drawing=Drawing(**{name: np.asarray(value).item() for name, value in drawn.items()}),
            seed=int(data.attrs["seed"]),
            dtype=str(data.attrs["dtype"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}: not whole ({error}); sample the texts again") from error


def _json(words: Any) -> str:
    import json

    return json.dumps(words, ensure_ascii=False)
