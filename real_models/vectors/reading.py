"""Reading vectors from a file of any format, or from a directory: the reference keeps `MODEL/CONCEPT/layer_<i>.pt`."""

import re
from pathlib import Path

from real_models.vectors.entries import VectorFile, listed
from real_models.vectors.formats import chosen, read_file

LAYER_FILE = re.compile(r"layer_?[0-9]{1,6}\.(pt|pth|npy|safetensors)")
SAE_FILE = "sae_weights.safetensors"


def read_vectors(
    path: str | Path, *, kind: str | None = None, layer: int | None = None, row: int | None = None
) -> VectorFile:
    """The vectors of a file of any format in the table, in float32; `kind` names the format where its name does not.

    `layer` is the block that is meant: which one, where the file holds several, and whose vector it is, where the file
    does not say. `row` chooses from tables that have a row per concept or feature. A directory is read as the files
    `layer_<i>` in it, or as the SAELens model that it holds. A `ValueError` of one line names the file and what is
    wrong in it.

    >>> read_vectors("steering_vectors/gpt2/joy", layer=6).vectors                                 # doctest: +SKIP
    {6: array([ 0.0156, -0.0312, ...], dtype=float32)}
    """
    path = Path(path)
    for name, value in (("layer", layer), ("row", row)):
        if value is not None and value < 0:
            raise ValueError(f"{path}: {name} is {value}, expected a number from 0")
    return (read_directory if path.is_dir() else read_file)(path, kind, layer, row)


def folders_of_layers(directory: Path) -> dict[Path, list[Path]]:
    """Folders, at any depth, that hold files `layer_<i>`, with those files in order of name."""
    found: dict[Path, list[Path]] = {}
    for path in sorted(directory.rglob("layer*")):
        if LAYER_FILE.fullmatch(path.name) and path.is_file():
            found.setdefault(path.parent, []).append(path)
    return found


def named(directory: Path, folders: dict[Path, list[Path]]) -> str:
    """The first few folders, for a message."""
    return listed([str(folder.relative_to(directory)) for folder in folders])


def read_directory(directory: Path, kind: str | None, layer: int | None, row: int | None) -> VectorFile:
    """The vectors of the files `layer_<i>` in a directory's one folder that has any, or of the SAELens model in it."""
    if (directory / SAE_FILE).is_file():
        return read_file(directory / SAE_FILE, kind, layer, row)
    folders = folders_of_layers(directory)
    if not folders:
        raise ValueError(f"{directory}: holds no files layer_<i>.pt and no {SAE_FILE}, expected a model's vectors")
    if len(folders) > 1:
        raise ValueError(f"{directory}: holds several concepts' vectors, {named(directory, folders)}: give one of them")
    (folder, files), vectors, entries, metadata = *folders.items(), {}, {}, {}
    for file in files:
        one = read_file(file, kind, None, row)
        if twice := vectors.keys() & one.vectors.keys():
            raise ValueError(f"{file}: layer {min(twice)} is in another file of {folder} as well, expected it once")
        vectors |= one.vectors
        entries |= {block: f"{file.name}, {entry}" for block, entry in one.entries.items()}
        metadata = metadata or one.metadata
    return chosen(folder, VectorFile(vectors=vectors, entries=entries, metadata=metadata), layer)
