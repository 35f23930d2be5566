"""A bare curve from a CSV file: the first line names the columns, each other is one strength."""

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from numerics.files.text import read_text
from steerlaw.inputs.printed import printed_halfwidth

HEADINGS = (["strength", "value"], ["strength", "value", "lower", "upper"])
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf(inity)?|nan)", re.ASCII | re.IGNORECASE)
SHOWN = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class CurveFile:
    """One measured curve: strengths ascending, its values, and the bounds of each if the file gives them.

    `printed` is how far each value may be from what it was printed of (`steerlaw.inputs.printed`).
    """

    strengths: Float[np.ndarray, " strengths"]
    values: Float[np.ndarray, " strengths"]
    printed: Float[np.ndarray, " strengths"]
    lower: Float[np.ndarray, " strengths"] | None = None
    upper: Float[np.ndarray, " strengths"] | None = None


def read_curve(path: str | Path) -> CurveFile:
    """The curve of a file with the columns `strength,value[,lower,upper]`; rows may come in any order.

    Strengths and values are finite numbers, each strength given once; bounds contain their value, and only they may be
    infinite. Anything else is a `ValueError` that names the file and the line; a missing file a `FileNotFoundError`.
    """
    rows = dict[float, tuple[str, list[float], str]]()
    for where, numbers, value in _rows(Path(path)):
        strength = numbers[0] + 0.0  # -0 is 0
        if strength in rows:
            raise ValueError(f"{where}: strength {strength:g} is given twice, first at {rows[strength][0]}")
        rows[strength] = where, numbers, value
    if not rows:
        raise ValueError(f"{path}: no rows under the heading, expected one a strength")
    if len(rows) < 3:
        raise ValueError(f"{path}: {len(rows)} strengths, at least 3 are needed to judge a curve")
    ascending = [rows[strength] for strength in sorted(rows)]
    table, printed = np.array([row[1] for row in ascending]), printed_halfwidth([row[2] for row in ascending])
    lower, upper = (table[:, 2], table[:, 3]) if table.shape[1] == 4 else (None, None)
    return CurveFile(strengths=table[:, 0] + 0.0, values=table[:, 1], printed=printed, lower=lower, upper=upper)


def _rows(path: Path) -> Iterator[tuple[str, list[float], str]]:
    """The place, the numbers and the value as it stands of each row; blank lines are passed over."""
    lines = csv.reader(read_text(path).splitlines(), strict=True)
    heading: list[str] | None = None
    try:
        for fields in lines:
            where, cells = f"{path}:{lines.line_num}", [cell.strip() for cell in fields]
            if heading is None:
                heading = cells
                if heading not in HEADINGS:
                    raise ValueError(f"{where}: expected columns strength,value[,lower,upper], got {_shown(cells)}")
            elif any(cells):
                yield where, _numbers(cells, heading, where), cells[1]
    except csv.Error as error:
        raise ValueError(f"{path}:{lines.line_num}: no line of a CSV file ({error})") from error
    if heading is None:
        raise ValueError(f"{path}:1: expected columns strength,value[,lower,upper], got nothing")


def _numbers(cells: list[str], heading: list[str], where: str) -> list[float]:
    if len(cells) != len(heading) or not all(NUMBER.fullmatch(cell) for cell in cells):
        hint = "; decimals are written with a point" if len(cells) > len(heading) or ";" in "".join(cells) else ""
        raise ValueError(f"{where}: expected {len(heading)} numbers ({','.join(heading)}), got {_shown(cells)}{hint}")
    numbers = [float(cell) for cell in cells]
    if not all(map(math.isfinite, numbers[:2])):
        raise ValueError(f"{where}: a strength or value is not a number, or not finite: {_shown(cells[:2])}")
    if len(numbers) == 4 and not numbers[2] <= numbers[1] <= numbers[3]:
        raise ValueError(f"{where}: expected lower <= value <= upper, got {_shown(cells)}")
    return numbers


def _shown(cells: list[str]) -> str:
    """The fields as they stand, shortened and printable."""
    text = ascii(",".join(cells))[1:-1]
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
