"""Conversion of vectors between formats, a file or a tree of them at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from real_models.vectors.formats import FORMATS, format_of, write_vectors
from real_models.vectors.reading import folders_of_layers, named, read_vectors


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """One file written: from where, which entry each layer came from, and lines on what did not go over."""

    source: Path
    target: Path
    entries: dict[int, str]
    notes: list[str]


def convert_vectors(
    source: str | Path,
    target: str | Path,
    *,
    source_kind: str | None = None,
    target_kind: str | None = None,
    layers: Sequence[int] | None = None,
    layer: int | None = None,
    row: int | None = None,
    model_hint: str | None = None,
) -> list[Conversion]:
    """Read one file, write the other, with only `layers` if they are given; what became of each.

    `layer` and `row` as for `read_vectors`; `model_hint` is the model's architecture (its config's `model_type`), which
    some formats ask for. A directory of several concepts' vectors is written to a directory: a file for each folder
    of it, in the format `target_kind` (safetensors by default).

    >>> convert_vectors("uppercase.gguf", "uppercase.safetensors")[0].entries                      # doctest: +SKIP
    {3: 'direction.3'}
    """
    hint, done = {"model_hint": model_hint} if model_hint else {}, []
    for given, to in _files(Path(source), Path(target), target_kind):
        format_of(to, target_kind)
        found = read_vectors(given, kind=source_kind, layer=layer, row=row)
        kept = sorted(found.vectors if layers is None else set(layers))
        if missing := [block for block in kept if block not in found.vectors]:
            raise ValueError(f"{given} has no vector of layer {missing[0]}, expected some of {list(found.vectors)}")
        vectors = {block: found.vectors[block] for block in kept}
        notes = write_vectors(to, vectors, found.metadata | hint, kind=target_kind)
        entries = {block: found.entries[block] for block in kept}
        done.append(Conversion(source=given, target=to, entries=entries, notes=[*found.notes, *notes]))
    return done


def _files(source: Path, target: Path, kind: str | None) -> list[tuple[Path, Path]]:
    """What is read and where it goes: one file, or one for each folder of a tree."""
    folders = folders_of_layers(source) if source.is_dir() else {}
    if len(folders) < 2:
        if target.is_dir():
            raise IsADirectoryError(f"{target}: is a directory, expected the name of a file to write")
        return [(source, target)]
    if target.suffix:
        raise ValueError(
            f"{source}: holds several concepts' vectors, {named(source, folders)}: name a directory, not a file"
        )
    suffix = Path(FORMATS[kind].example if kind in FORMATS else "v.safetensors").suffix
    return [(folder, target / f"{folder.relative_to(source)}{suffix}") for folder in folders]
