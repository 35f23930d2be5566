"""Read a checkpoint directory: `config.json` beside safetensors weights, in one file or in shards with an index.

Pickled weights (`.bin`, `.pt`) are never read, since unpickling runs code.
"""

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from real_models.checkpoints.config import Config, shown
from real_models.checkpoints.families import Family, family_of
from real_models.checkpoints.layouts import Tensor, unembedding
from real_models.checkpoints.stored import Stored, read_object, same, stored_tensors
from real_models.checkpoints.weights import as_lists, convert, insert
from real_models.decoding.decoder import Params, Spec

DTYPES = {"float32": jnp.float32, "bfloat16": jnp.bfloat16, "float64": jnp.float64}
WRAPPED = r"^(?:module\.)?|_orig_mod\."
"""What wrappers of a model in training put before and into the names of its weights."""
HEADS = r"|.*\.position_ids|(v_head|score|classifier|reward_head|value_head|multiple_choice_head)\..*"
"""Weights that take no part in the next token: buffers, and heads for other uses of the same model."""
log = logging.getLogger(__name__)


def read_checkpoint(directory: str | Path, dtype: str = "float32") -> tuple[Spec, Params]:
    """The `Spec` and the parameters of the checkpoint in `directory`, converted to the compute `dtype`.

    `dtype` is "float32", "bfloat16" or "float64"; the stored weights may be bfloat16, float16, float32 or float64.
    What transformers makes of the same files is read, or a `ValueError` of one line names what is missing, left over,
    misshapen or unsupported, and the file it is in. Heads that are ignored, and a `tie_word_embeddings` that the
    weights contradict, are logged.
    """
    directory = Path(directory)
    compute_dtype = resolve_dtype(dtype)
    config_file = directory / "config.json"
    config = read_object(config_file, f"{directory} is no checkpoint: it has no config.json")
    try:
        family, fields = family_of(config)
        spec = family.spec(fields)
    except ValueError as error:
        raise ValueError(f"{config_file}: {error}") from error
    files = stored_tensors(directory)
    if spec.n_layers > len(files):
        raise ValueError(f"{config_file}: asks for {spec.n_layers} blocks, but the files hold {len(files)} tensors")
    params: Params = {}
    for tensor, name in placed(directory, family, fields, spec, files):
        with Stored(name, files[name]) as stored:
            for path, part in zip(tensor.paths, convert(tensor, stored, compute_dtype, files[name]), strict=True):
                insert(params, path, part)
    return untied_if_stored_apart(directory, spec, as_lists(params))


def resolve_dtype(dtype: str) -> Any:
    """The JAX dtype of that name; float64 needs JAX's 64-bit mode, which importing `numerics` turns on."""
    if dtype not in DTYPES:
        raise ValueError(f"unknown dtype {dtype!r}, expected one of {sorted(DTYPES)}")
    if dtype == "float64" and not jax.config.read("jax_enable_x64"):
        raise ValueError("float64 needs JAX's 64-bit mode: jax.config.update('jax_enable_x64', True)")
    return DTYPES[dtype]


def placed(
    directory: Path, family: Family, fields: Config, spec: Spec, files: dict[str, Path]
) -> list[tuple[Tensor, str]]:
    """Each of our tensors beside the name it is stored under; none may be missing, twice there or left over.

    Of a tied pair either may be stored, or both.
    """
    wanted = {tensor.name: tensor for tensor in family.tensors(fields, spec)}
    head = unembedding(spec)
    known = wanted | {head.name: head}
    names: dict[str, str] = {}
    ignored, unknown = [], []
    for stored in files:
        name = re.sub(rf"^(?:{family.prefix})", "", re.sub(WRAPPED, "", stored))
        if name in names:
            if not same(names[name], files[names[name]], stored, files[stored]):
                raise ValueError(f"{directory} stores {name} twice, differently, as {names[name]} and {stored}")
        elif name in known:
            names[name] = stored
        elif not re.fullmatch(family.buffers, name):
            (ignored if re.fullmatch(family.ignored + HEADS, name) else unknown).append(stored)
    embed = next(tensor for tensor in wanted.values() if tensor.paths == ("embed",))
    if spec.tied and embed.name not in names and head.name in names:
        names[embed.name] = names.pop(head.name)
    complain(directory, "lacks weights", sorted(wanted.keys() - names))
    complain(directory, f"has weights that are no part of the {spec.family} model its config describes", unknown)
    if ignored:
        log.warning("%s: ignored, as no part of next-token prediction: %s", directory, several(ignored))
    return [(known[name], stored) for name, stored in names.items()]


def complain(directory: Path, what: str, names: list[str]) -> None:
    """A `ValueError` if there are such names."""
    if names:
        raise ValueError(f"{directory} {what}: {several(names)}")


def several(names: list[str]) -> str:
    """The first three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(shown(name).strip("'\"") for name in names[:3]) + more


def untied_if_stored_apart(directory: Path, spec: Spec, params: Params) -> tuple[Spec, Params]:
    """The weights decide: a tied model with an unembedding of its own in the files, unlike the embedding, is untied."""
    if not spec.tied or "unembed" not in params:
        return spec, params
    if np.array_equal(np.asarray(params["embed"]), np.asarray(params["unembed"])):
        del params["unembed"]
        return spec, params
    log.warning("%s: lm_head.weight is stored and is not the embedding, so the two are not tied", directory)
    return replace(spec, tied=False), params
