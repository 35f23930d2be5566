"""How closely numbers are known that were printed: to half a unit of the last digit that was kept."""

import math
import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

PARTS = re.compile(r"[+-]?(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?", re.ASCII)


def printed_halfwidth(numbers: Sequence[str]) -> Float[np.ndarray, " numbers"]:
    """For each number of a column, as it stands in a file, how far the one that was printed may lie from it.

    What printed a column kept so many decimals, or so many significant digits, in all of it, and may have dropped zeros
    at the end: half a unit of the last place is the larger of what the two would mean, decimals and digits counted
    where there are most of them. A column of whole numbers, without a point or an exponent, is taken to be exact.

    >>> printed_halfwidth(["-0.1234", "-12.5000", "0"]).tolist()
    [5e-05, 5e-05, 5e-05]
    """
    parts = [_parts(number) for number in numbers]
    if all(re.fullmatch(r"[+-]?\d+", number) for number in numbers):
        return np.zeros(len(parts))
    decimals = max(len(fraction) - exponent for _, fraction, exponent in parts)
    digits = max(len((whole + fraction).lstrip("0")) for whole, fraction, _ in parts)
    units = [10.0 ** max(-decimals, _leading(part) - digits + 1) for part in parts]
    return np.maximum(0.5 * np.array(units), math.ulp(0.0))  # half of the smallest number there is would be 0


def _parts(number: str) -> tuple[str, str, int]:
    """Digits before the point, digits after it, and the exponent."""
    found = PARTS.fullmatch(number)
    if found is None:
        raise ValueError(f"{number!a}: expected a finite decimal number")
    whole, fraction, exponent = found.groups()
    return whole, fraction, int(exponent or 0)


def _leading(part: tuple[str, str, int]) -> float:
    """The power of ten of the first digit that is not 0; of 0 itself, minus infinity."""
    whole, fraction, exponent = part
    stripped = (whole + fraction).lstrip("0")
    return len(stripped) - 1 - len(fraction) + exponent if stripped else -math.inf
