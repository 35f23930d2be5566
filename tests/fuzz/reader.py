"""What a reader of files offers to be tried with damaged ones."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Reader:
    """`make` writes one valid sample, a file or a directory, into a directory and gives its path; `read` reads it."""

    make: Callable[[Path, random.Random], Path]
    read: Callable[[Path], object]
