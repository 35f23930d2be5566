"""The record of a run: what was run, when, with which software, on what, from which inputs."""

import hashlib
import platform
import shlex
import sys
from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

SOFTWARE = ("steerlaw", "jax", "numpy", "scipy", "sympy", "xarray", "python-flint", "tokenizers", "safetensors")


def sha256(path: Path) -> str:
    """The hash of a file, or of a directory's files by name and content."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            if path.is_dir():
                digest.update(f"{file.relative_to(path)}\0".encode())
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def run_record(*, started: datetime, dtype: str, seed: int, inputs: Iterable[Path]) -> dict[str, Any]:
    """The `run` entry of report.json."""
    import jax

    device = jax.devices()[0]
    return {
        "command": shlex.join([Path(sys.argv[0]).name or "python", *sys.argv[1:]]),
        "started": started.isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in SOFTWARE}},
        "device": f"{device.platform}: {device.device_kind}",
        "dtype": dtype,
        "seeds": {"controls": seed},
        "inputs": {path.name: sha256(path) for path in inputs},
    }
