"""What options must be, checked before anything is loaded: numbers within bounds, files that are there, known laws.

An option's type carries its rules: `Annotated[int, Within(0, 9)]`. A rule is called with the value that was given, and
raises a `ValueError` or an `OSError` that says what was expected and what was got; the option's name is put before it.
"""

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import FunctionType
from typing import Annotated, Any, Literal, get_args, get_type_hints

import tyro

READ = frozenset({".csv", ".nc", ".npz", ".json"})
"""Suffixes of the files that a TARGET may be."""


@dataclass(frozen=True)
class Within:
    """A number from `low` to `high`, both included unless `open`; NaN is no number."""

    low: float
    high: float
    open: bool = False

    def __call__(self, value: float) -> None:
        """Refuse what is not within the bounds."""
        inside = self.low < value < self.high if self.open else self.low <= value <= self.high
        if not inside:
            low, high, got = (f"{n:,}" if isinstance(n, int) else f"{n:g}" for n in (self.low, self.high, value))
            between = f"above {low} and below {high}" if self.open else f"from {low} to {high}"
            raise ValueError(f"expected a number {between}, got {got}")


def readable(path: Path) -> None:
    """An input that is there and may be read."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if not os.access(path, os.R_OK):
        raise PermissionError(f"{path}: no permission to read it")


def there_or_on_the_hub(targets: tuple[str, ...]) -> None:
    """Paths that are there; what has the form of a hub id, and of no file that is read, may be one."""
    for target in targets:
        path = Path(target)
        may_be_hub_id = target.count("/") <= 1 and path.suffix not in READ
        if not path.exists() and not may_be_hub_id:
            what = "file" if path.suffix in READ else "checkpoint directory, saved sweep or curve"
            raise FileNotFoundError(f"{target}: no such {what}")


def writable_file(path: Path) -> None:
    """A file that can be written, in a directory that is there; it may be there already."""
    if path.is_dir():
        raise IsADirectoryError(f"{path}: is a directory, expected the name of a file to write")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent}: no such directory to write {path.name} into")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(f"{path.parent}: no permission to write {path.name} into it; choose another directory")


def writable(path: Path) -> None:
    """A file or a directory that can be written, in a directory that is there."""
    if not path.is_dir():
        writable_file(path)


def writable_directory(path: Path) -> None:
    """A directory that can be written to, or made; makes nothing."""
    nearest = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(f"{path}: expected a directory, but {nearest} is a file; choose another")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(f"{path}: no permission to write in {nearest}; choose another directory")


def grid(text: str) -> None:
    """A grid of strengths START:STOP:COUNT."""
    from numerics.observing.grids import parse

    parse(text)


def layer_list(text: str) -> None:
    """Layers, separated by commas."""
    from steerlaw.inputs.concept_files import comma_separated

    for layer in comma_separated(text) or ():
        A_LAYER(layer)


def layer_or_all(text: str) -> None:
    """A layer, or all of them."""
    if text != "all":
        try:
            A_LAYER(int(text))
        except ValueError:
            raise ValueError(f"expected a number from 0 to {A_LAYER.high:,}, or all, got {text!r}") from None


def amount_or_share(text: str) -> None:
    """A tolerance: a number, or a share of a curve's movement."""
    from numerics.judging.horizons.tolerance import tolerance_for

    tolerance_for(text, "nats")


def known_laws(ids: str) -> None:
    """Ids of laws, separated by commas."""
    from theory.catalogue import check_id

    for law_id in ids.split(","):
        check_id(law_id)


A_LAYER = Within(0, 9_999)
Layers = Annotated[str, layer_list]
LayerOrAll = Annotated[str, layer_or_all]
Dtype = Literal["float32", "bfloat16", "float64"]
InputFile = Annotated[Path, readable]
OutputFile = Annotated[Path, writable_file]
OutputPath = Annotated[Path, writable]
OutputDirectory = Annotated[Path, writable_directory]
Strengths = Annotated[str, grid]
Laws = Annotated[str, known_laws]
Layer = Annotated[int, A_LAYER]
Row = Annotated[int, Within(0, 10**8)]
Seed = Annotated[int, Within(0, 2**32 - 1)]
Level = Annotated[float, Within(0, 1, open=True)]
Tolerance = Annotated[float, Within(0, 1e9)]
ToleranceOrShare = Annotated[str, amount_or_share]
Share = Annotated[float, Within(1e-6, 1)]
Nats = Annotated[float, Within(0, 1e6, open=True)]
Strength = Annotated[float, Within(0, 1e9, open=True)]
AnyNumber = Annotated[int, Within(0, 10**6)]
Directions = Annotated[int, Within(0, 10_000)]
Several = Annotated[int, Within(1, 10**6)]
TokensInBlock = Annotated[int, Within(2, 10**6)]


def check_options(command: Any) -> None:
    """Hold a command's options to their rules; what breaks one is a `ValueError` or `OSError` that names the option."""
    types = get_type_hints(type(command), include_extras=True)
    for field in fields(command):
        value = getattr(command, field.name)
        for rule in () if value is None else rules(types[field.name]):
            try:
                rule(value)
            except (ValueError, OSError) as error:
                named = "" if is_positional(types[field.name]) else f"--{field.name.replace('_', '-')}: "
                raise type(error)(f"{named}{error}") from error


def take_renamed(command: Any, **names: str) -> None:
    """Options given by the names they had (old="new") pass to their new names, with a warning for one version."""
    for old, new in names.items():
        if (value := getattr(command, old)) is not None:
            options = (f"--{name.replace('_', '-')}" for name in (old, new))
            warnings.warn("{} is renamed {}; the next version refuses it".format(*options), FutureWarning, 4)
            object.__setattr__(command, new, value)


def is_positional(kind: Any) -> bool:
    """Whether an option is given by its place alone."""
    return tyro.conf.Positional in getattr(kind, "__metadata__", ())


def rules(kind: Any) -> Iterator[Any]:
    """The rules that an annotation carries, those inside a union included."""
    yield from (rule for rule in getattr(kind, "__metadata__", ()) if isinstance(rule, Within | FunctionType))
    for part in get_args(kind):
        yield from rules(part)
