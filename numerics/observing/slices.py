"""Some tokens of the vocabulary, and all of it a slice at a time: memory is bounded whatever its size."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int

Tokens = slice | Int[np.ndarray, " tokens"]
"""Some of the vocabulary: a slice, or ids."""

SLICE = 4096
"""Tokens worked on at once."""


def slices(size: int) -> Iterator[slice]:
    """The token ids from 0 to `size` - 1, in slices of at most `SLICE`."""
    for start in range(0, size, SLICE):
        yield slice(start, min(start + SLICE, size))
