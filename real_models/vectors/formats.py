"""Every file format of steering vectors as a row of one table, which every reader and every writer goes by.

Adding a format is adding a row to `FORMATS`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from real_models.vectors import layouts
from real_models.vectors.entries import Asked, VectorFile, Vectors
from real_models.vectors.files import Metadata, checked_vectors


def any_blocks(_path: Path, _blocks: list[int], _metadata: Metadata) -> None:
    """A format that holds whatever vectors there are."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """One row of the table: files whose name matches `name` (a regex), how they are read and written.

    `check` is given the blocks to write and the metadata before there is any vector, and raises what stands against it.
    """

    name: str
    example: str
    read: Callable[[Path, Asked], VectorFile]
    write: Callable[[Path, Vectors, Metadata], list[str]]
    check: Callable[[Path, list[int], Metadata], None] = any_blocks


# The first row whose name matches is taken for a file; what a .pt file holds decides how it is read.
FORMATS: dict[str, Format] = {
    "safetensors": Format(
        name=r".*\.safetensors",
        example="v.safetensors",
        read=layouts.read_safetensors,
        write=layouts.write_safetensors,
    ),
    "gguf": Format(
        name=r".*\.gguf",
        example="v.gguf",
        read=layouts.read_control_vector,
        write=layouts.write_control_vector,
        check=layouts.check_control_vector,
    ),
    "reference": Format(
        name=r"layer_[0-9]+\.pt",
        example="layer_2.pt",
        read=layouts.read_pt,
        write=layouts.write_reference,
        check=layouts.check_one,
    ),
    "persona": Format(
        name=r".*_diff\.pt",
        example="evil_response_avg_diff.pt",
        read=layouts.read_persona,
        write=layouts.write_persona,
        check=layouts.check_persona,
    ),
    "axbench": Format(
        name=r".*_weight\.pt",
        example="DiffMean_weight.pt",
        read=layouts.read_axbench,
        write=layouts.write_axbench,
        check=layouts.check_one,
    ),
    "lm-eval": Format(name=r".*\.pth?", example="steer.pt", read=layouts.read_pt, write=layouts.write_hook_points),
    "tensor": Format(
        name=r".*\.bin",
        example="v.bin",
        read=layouts.read_pt,
        write=layouts.write_pt,
        check=layouts.check_rows,
    ),
    "array": Format(
        name=r".*\.npy",
        example="v.npy",
        read=layouts.read_npy,
        write=layouts.write_npy,
        check=layouts.check_rows,
    ),
    "sae": Format(
        name=r".*\.npz",
        example="params.npz",
        read=layouts.read_npz,
        write=layouts.write_npz,
        check=layouts.check_one,
    ),
}


def format_of(path: str | Path, kind: str | None = None) -> Format:
    """The format called `kind`, or else the one that the file's name tells."""
    if kind is not None:
        if kind not in FORMATS:
            raise ValueError(f"unknown vector format {kind!r}, expected one of {list(FORMATS)}")
        return FORMATS[kind]
    for row in FORMATS.values():
        if re.fullmatch(row.name, Path(path).name, re.DOTALL | re.IGNORECASE):
            return row
    examples = ", ".join(row.example for row in FORMATS.values())
    raise ValueError(f"{path}: its name tells no vector format, expected one such as {examples}")


def read_file(path: Path, kind: str | None, layer: int | None, row: int | None) -> VectorFile:
    """What a file of any format in the table holds; `layer` and `row` as for `read_vectors`."""
    form = format_of(path, kind)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such vector file")
    by_name = re.fullmatch(r"layer_?([0-9]{1,6})\.[a-z]+", path.name)
    asked = Asked(layer=layer, row=row, by_name=int(by_name[1]) if by_name else None)
    return chosen(path, form.read(path, asked), layer)


def chosen(path: Path, found: VectorFile, layer: int | None) -> VectorFile:
    """What was found, checked, or the one layer of it that is meant."""
    vectors = found.vectors
    if not vectors:
        raise ValueError(f"{path} holds no vectors" + "".join(f" ({note})" for note in found.notes[:1]))
    if layer is not None:
        if layer not in vectors:
            raise ValueError(f"{path}: holds layers {sorted(vectors)}, not {layer}; choose one of them")
        vectors = {layer: vectors[layer]}
    if sum(vector.size for vector in vectors.values()) > 2**24 + 16 * path.stat().st_size:
        raise ValueError(f"{path}: declares more numbers than a file of its size can hold")
    entries = {block: found.entries[block] for block in sorted(vectors)}
    return VectorFile(
        vectors=checked_vectors(path, vectors), entries=entries, metadata=found.metadata, notes=found.notes
    )


def check_target(path: str | Path, blocks: Iterable[int], metadata: Metadata, *, kind: str | None = None) -> Format:
    """The format of a file to be written, when it can hold vectors of these blocks; a `ValueError` where it cannot."""
    form = format_of(path, kind)
    form.check(Path(path), sorted(blocks), metadata)
    return form


def write_vectors(
    path: str | Path, vectors: Vectors, metadata: Metadata | None = None, *, kind: str | None = None
) -> list[str]:
    """Write `{block: vector}` in the format that `kind` or the name tells; lines on what the format cannot hold."""
    metadata = metadata or {}
    checked = checked_vectors(path, vectors)
    return check_target(path, checked, metadata, kind=kind).write(Path(path), checked, metadata)
