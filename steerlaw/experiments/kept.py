"""Sweeps of a long run on disk as soon as each is done, so that a run that was killed goes on where it stopped.

They lie beside the result, as parts (`steerlaw.experiments.parts`), each under the hash of everything that determines
it: sweeps of whatever runs may lie there side by side, and none is ever taken for another.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import jax
import numpy as np

from numerics.observing.sweep import Sweep, with_attributes
from steerlaw.experiments.experiment import Experiment, Keep, Work
from steerlaw.experiments.parts import close_parts, digest, finish_part, open_parts

PLAN = {"format": 2, "of": "verify"}
SOFTWARE = ("steerlaw", "jax", "jaxlib", "numpy", "scipy")
UNSAID = {"token_text", "limits", "along", "with_geometry", "residuals", "tokenizer"}
"""Fields that determine no sweep: contexts are tokens already, and the rest follows from the model and the vector."""


@contextmanager
def kept_beside(out: Path) -> Iterator[Keep]:
    """Makes each sweep once, in `out`.parts, which is removed when the block ends well.

    >>> with kept_beside(out) as keep:
    ...     write(list(run(experiments, seed, keep)), out)
    """
    opened, directories = ExitStack(), list[Path]()
    hashes: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def keep(experiment: Experiment, work: Work) -> Sweep:
        if not directories:
            directories.append(opened.enter_context(open_parts(out, PLAN)))
        if experiment.model not in hashes:
            hashes[experiment.model] = digest(*content(experiment.model, "model"))
        wanted = work.wanted and sorted(work.wanted)
        about = (environment(), work.kind, wanted, hashes[experiment.model])
        made_from = digest(*about, *content(experiment, "experiment"))
        path = directories[0] / f"{made_from}.nc"
        sweep, _ = finish_part(path, made_from, lambda: work.observe().sweep)
        known = {name: value for name, value in sweep.attributes.items() if name != "made_from"}
        return replace(sweep, data=with_attributes(sweep.data.drop_encoding(), known))

    try:
        yield keep
        for directory in directories:
            close_parts(directory)
    finally:
        opened.close()  # as if all were well: what is kept is in nobody's way, whatever it failed of


def environment() -> dict[str, Any]:
    """The software and the device that a sweep's last digits depend on."""
    device = jax.devices()[0]
    return {"device": f"{device.platform}: {device.device_kind}", **{name: version(name) for name in SOFTWARE}}


def content(value: Any, name: str) -> Iterator[Any]:
    """Everything that a record holds, as arrays and values of JSON; a `TypeError` for what does not say what it holds.

    Of an experiment its model is left out, which is hashed once for all of its experiments.
    """
    if value is None or isinstance(value, bool | int | float | str):
        yield value
    elif isinstance(value, np.generic | Fraction):
        yield str(value)
    elif isinstance(value, np.ndarray | jax.Array):
        array = np.asarray(value)  # bfloat16 has no buffer of its own
        yield array if array.dtype.isbuiltin == 1 else np.ascontiguousarray(array).view(np.uint8)
        yield array.dtype.name
    elif isinstance(value, frozenset):
        yield sorted(value)
    elif isinstance(value, Mapping):
        yield sorted(map(str, value))
        for key in sorted(value, key=str):
            yield from content(value[key], f"{name}.{key}")
    elif isinstance(value, Iterable):
        items = list(value)
        yield len(items)
        for number, item in enumerate(items):
            yield from content(item, f"{name}[{number}]")
    elif is_dataclass(value):
        own = [field.name for field in fields(value) if field.name not in UNSAID]
        own = [field for field in own if not (field == "model" and isinstance(value, Experiment))]
        yield [type(value).__name__, *own]
        for field in own:
            yield from content(getattr(value, field), f"{name}.{field}")
    else:
        raise TypeError(f"{name}: a {type(value).__name__} does not say what it holds, so no sweep of it can be kept")
