"""The record of a run: what was run, when, with which software, on what, from which inputs."""

import platform
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from steerlaw.inputs.names import sha256, short_names

SOFTWARE = ("steerlaw", "jax", "numpy", "scipy", "sympy", "xarray", "python-flint", "tokenizers", "safetensors")


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What it takes to run it again; `started` is ISO 8601, `inputs` are files' hashes by name."""

    command: str
    started: str
    versions: Mapping[str, str]
    device: str
    dtype: str
    seeds: Mapping[str, int]
    inputs: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """The `run` entry of report.json."""
        return asdict(self)


def run_record(*, started: datetime, dtype: str, seed: int, inputs: Iterable[Path]) -> RunRecord:
    """The record of the run that this process is."""
    import jax

    device = jax.devices()[0]
    return RunRecord(
        command=shlex.join([Path(sys.argv[0]).name or "python", *sys.argv[1:]]),
        started=started.isoformat(timespec="seconds"),
        versions={"python": platform.python_version(), **{name: version(name) for name in SOFTWARE}},
        device=f"{device.platform}: {device.device_kind}",
        dtype=dtype,
        seeds={"controls": seed},
        inputs={name: sha256(path) for path, name in short_names(inputs).items()},
    )
