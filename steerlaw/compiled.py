"""Compiled programs on disk: what one run of the program has compiled, the next does not compile again.

JAX's own persistent cache, in the user's cache directory. It is keyed by program, compiler and device, so that nothing
in it can be out of date.
"""

import os
import warnings
from pathlib import Path

SETTINGS = {
    "JAX_COMPILATION_CACHE_MAX_SIZE": str(512 * 2**20),  # bytes; what was used longest ago goes first
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
}
"""What JAX is told of its cache, where the environment does not say otherwise."""


def remember_compiled() -> None:
    """Have JAX keep compiled programs between runs; to be called before JAX is imported.

    Whoever sets `JAX_COMPILATION_CACHE_DIR`, to nothing even, has chosen. Without a directory that can be written
    nothing is kept, and nothing is said: it saves time and no more.
    """
    if "JAX_COMPILATION_CACHE_DIR" in os.environ or (directory := _directory()) is None:
        return
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(directory)
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", message=".*persistent compilation cache", category=UserWarning)


def _directory() -> Path | None:
    """A directory of ours among the user's caches (XDG Base Directory Specification), made if need be."""
    try:
        given = Path(os.environ.get("XDG_CACHE_HOME", ""))
        directory = (given if given.is_absolute() else Path.home() / ".cache") / "steerlaw" / "compiled"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_unfinished(directory)
    except (OSError, RuntimeError):  # no home, no room, or a file in the way
        return None
    return directory if os.access(directory, os.R_OK | os.W_OK | os.X_OK) else None


def _remove_unfinished(directory: Path) -> None:
    """Remove programs that a killed run left half-written: those without the time of their last use, written after.

    JAX would stumble over them whenever it makes room for another one, and keep nothing any more.
    """
    for program in directory.glob("*-cache"):
        if not program.with_name(program.name.removesuffix("-cache") + "-atime").exists():
            program.unlink(missing_ok=True)
