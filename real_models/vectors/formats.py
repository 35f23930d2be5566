"""Every file format of steering vectors as a row of one table, and conversion between them.

Adding a format is adding a row to `FORMATS`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from real_models.vectors import foreign
from real_models.vectors.files import Vectors, checked_vectors, load_vector, save_vector, vector_metadata


@dataclass(frozen=True, kw_only=True)
class VectorFile:
    """What a file holds: vectors by block (0-based, block output), its metadata, and lines on what was left out."""

    vectors: dict[int, Float[np.ndarray, " d"]]
    metadata: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Format:
    """One row of the table: files whose name matches `name` (a regex), read with (path, layer, row) and written."""

    name: str
    read: Callable[[Path, int | None, int | None], foreign.Found]
    write: Callable[[Path, Vectors, foreign.Metadata], list[str]]


def read_canonical(path: Path, _layer: int | None, _row: int | None) -> foreign.Found:
    """safetensors with one tensor `layer.N` per block."""
    return load_vector(path), vector_metadata(path), []


def write_canonical(path: Path, vectors: Vectors, metadata: foreign.Metadata) -> list[str]:
    """safetensors with one tensor `layer.N` per block."""
    save_vector(path, vectors, metadata)
    return []


# The first row whose name matches is taken for a file; lm-evaluation-harness leaves the name to its user.
FORMATS: dict[str, Format] = {
    "safetensors": Format(name=r".*\.safetensors", read=read_canonical, write=write_canonical),
    "gguf": Format(name=r".*\.gguf", read=foreign.read_gguf, write=foreign.write_gguf),
    "reference": Format(name=r"layer_\d+\.pt", read=foreign.read_reference, write=foreign.write_reference),
    "persona": Format(name=r".*_diff\.pt", read=foreign.read_persona, write=foreign.write_persona),
    "axbench": Format(name=r".*_weight\.pt", read=foreign.read_axbench, write=foreign.write_axbench),
    "lm-eval": Format(name=r".*\.pth?", read=foreign.read_lm_eval, write=foreign.write_lm_eval),
    "sae": Format(name=r".*\.npz", read=foreign.read_sae, write=foreign.write_sae),
}


def format_of(path: str | Path, kind: str | None = None) -> Format:
    """The format called `kind`, or else the one that the file's name tells."""
    if kind is not None:
        if kind not in FORMATS:
            raise ValueError(f"unknown vector format {kind!r}, expected one of {list(FORMATS)}")
        return FORMATS[kind]
    for row in FORMATS.values():
        if re.fullmatch(row.name, Path(path).name):
            return row
    raise ValueError(f"{path}: its name tells no vector format; name one of {list(FORMATS)}")


def read_vectors(
    path: str | Path, *, kind: str | None = None, layer: int | None = None, row: int | None = None
) -> VectorFile:
    """The vectors of a file of any format in the table; `kind` names the format where the file's name does not.

    `layer` and `row` choose from tables (axbench, sae) that have a row per concept or feature and do not say which
    block they are about. A `ValueError` of one line names the file and what is wrong in it.
    """
    form = format_of(path, kind)
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such vector file")
    vectors, metadata, notes = form.read(Path(path), layer, row)
    vectors = {block: np.ascontiguousarray(vector, np.float32) for block, vector in sorted(vectors.items())}
    if not vectors:
        raise ValueError(f"{path} holds no vectors")
    checked_vectors(path, {f"layer.{block}": vector for block, vector in vectors.items()})
    return VectorFile(vectors=vectors, metadata=metadata, notes=notes)


def write_vectors(
    path: str | Path, vectors: Vectors, metadata: foreign.Metadata | None = None, *, kind: str | None = None
) -> list[str]:
    """Write `{block: vector}` in the format that `kind` or the name tells; lines on what the format cannot hold."""
    form = format_of(path, kind)
    if not vectors:
        raise ValueError("no vectors to save, expected one block or more")
    checked_vectors(path, {f"layer.{block}": np.asarray(vector, np.float32) for block, vector in vectors.items()})
    return form.write(Path(path), vectors, metadata or {})


def convert_vectors(
    source: str | Path,
    target: str | Path,
    *,
    source_kind: str | None = None,
    target_kind: str | None = None,
    layers: Sequence[int] | None = None,
    layer: int | None = None,
    row: int | None = None,
) -> list[str]:
    """Read one file, write the other, with only `layers` if they are given; lines on what did not go over.

    >>> convert_vectors("uppercase.gguf", "uppercase.safetensors")                                 # doctest: +SKIP
    []
    """
    found = read_vectors(source, kind=source_kind, layer=layer, row=row)
    vectors = found.vectors
    if layers is not None:
        if missing := sorted(set(layers) - set(vectors)):
            raise ValueError(f"{source} has no vector of layer {missing[0]}, expected some of {list(vectors)}")
        vectors = {block: vectors[block] for block in sorted(set(layers))}
    return found.notes + write_vectors(target, vectors, found.metadata, kind=target_kind)
