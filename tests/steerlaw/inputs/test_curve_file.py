"""Bare curves from CSV files: what was written is read, whatever its dress; what is wrong is said with its line."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steerlaw.inputs.curve_file import read_curve

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=12, unique_by=lambda row: row[0] + 0.0),
    mark=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    style=st.sampled_from([repr, "{:+.17e}".format, " {} ".format, '"{}"'.format]),
)
def test_a_curve_comes_back_in_order_whatever_its_dress(rows, mark, end, style, tmp_path_factory):
    path = tmp_path_factory.mktemp("curve") / "c.csv"
    lines = ["strength,value", *(f"{style(x)},{style(y)}" for x, y in rows), "", ""]
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + end.join(lines).encode())
    read, expected = read_curve(path), sorted((x + 0.0, y) for x, y in rows)
    assert read.strengths.tolist() == [x for x, _ in expected]
    assert read.values.tolist() == [y for _, y in expected]
    assert read.lower is None
    assert read.upper is None


def test_bounds_may_be_infinite_and_values_may_not(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("strength,value,lower,upper\n0,1,-inf,2\n1,1,0,inf\n2,1,1,1\n")
    read = read_curve(path)
    assert read.lower is not None
    assert read.upper is not None
    assert np.array_equal(read.lower, [-math.inf, 0, 1])
    assert np.array_equal(read.upper, [2, math.inf, 1])
    path.write_text("strength,value\n0,1\n1,inf\n2,1\n")
    with pytest.raises(ValueError, match=r"c\.csv:3: .*not finite"):
        read_curve(path)


BOUNDED = "strength,value,lower,upper\n0,1,0,2\n1,1,0,2\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", ":1: expected columns"),
        ("strength;value\n0;1\n", ":1: expected columns"),
        ("strength,value,value\n0,1,1\n", ":1: expected columns"),
        ("strength,value\n0,1\n0,2\n1,3\n", ":3: strength 0 is given twice"),
        ("strength,value\n0,1\n-0.0,2\n1,3\n", ":3: strength 0 is given twice"),
        ("strength,value\n0,1\n1,2\n", "at least 3"),
        ("strength,value\n0,1\n1,0,5\n2,3\n", "point"),
        ("strength,value\n0,1\n1\n", ":3: expected 2 numbers"),
        ("strength,value\n0,1\n1,1_000\n2,3\n", ":3: expected 2 numbers"),
        ("strength,value\n0,1\n1,٣\n2,3\n", ":3: expected 2 numbers"),
        ("strength,value\n0,1\n1,0x10\n2,3\n", ":3: expected 2 numbers"),
        ("strength,value\n0,1\nnan,2\n2,3\n", ":3: a strength or value is not a number"),
        ("strength,value\n0,1\n1,1e999\n2,3\n", ":3: a strength or value is not a number, or not finite"),
        ("strength,value\n0,1\n1,\x1b[31m\n2,3\n", r"\x1b"),
        ('strength,value\n0,1\n1,"2\n', "no line of a CSV file"),
        ("strength,value\n0," + "9" * 200_000 + "\n", "no line of a CSV file"),
        (BOUNDED + "2,3,0,2\n", ":4: expected lower <= value <= upper"),
        (BOUNDED + "2,1,nan,2\n", ":4: expected lower <= value <= upper"),
        (BOUNDED + "2,1,0\n", ":4: expected 4 numbers"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(content, says, tmp_path):
    path = tmp_path / "c.csv"
    path.write_bytes(content.encode())
    with pytest.raises(ValueError, match=r"c\.csv") as error:
        read_curve(path)
    text = str(error.value)
    assert text.startswith(str(path))
    assert says in text
    assert text.isprintable()
    assert len(text) < len(str(path)) + 200
