"""Printed numbers hold what was printed, and are not taken to be much worse than they are."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from steerlaw.inputs.printed import printed_halfwidth

VALUES = st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=8)
STYLES = {
    "fixed": lambda places: f"{{:.{places}f}}".format,
    "significant": lambda places: f"{{:.{places + 1}g}}".format,
    "exponent": lambda places: f"{{:.{places}e}}".format,
    "rounded": lambda places: lambda value: repr(round(value, places)),
}


@example([5e-324], "significant", 1)
@given(VALUES, st.sampled_from(list(STYLES)), st.integers(1, 9))
def test_what_was_printed_lies_within(values, style, places):
    written = [STYLES[style](places)(value) for value in values]
    width = printed_halfwidth(written)
    exact = all(text.lstrip("+-").isdigit() for text in written)
    for value, text, half in zip(values, written, width, strict=True):
        away = abs(Decimal(value) - Decimal(text))
        assert exact or away <= Decimal(half) * (1 + Decimal("1e-12"))
        assert exact or half >= abs(float(text)) * 0.5 * 10.0**-20


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["-0.1234", "-12.5000"], [5e-5, 5e-5]),
        (["-0.1234", "-12.5"], [5e-5, 5e-3]),  # of four digits, a zero dropped, or of four decimals, two dropped
        (["0.001234", "12.34"], [5e-7, 5e-3]),
        (["1.25e-8", "3.10e2"], [5e-11, 0.5]),
        (["1", "-20", "0"], [0, 0, 0]),
        (["0.0", "0.25"], [5e-3, 5e-3]),
        ([repr(1 / 3), repr(2 / 3)], [5e-17, 5e-17]),
    ],
)
def test_half_a_unit_of_the_last_place(written, expected):
    assert printed_halfwidth(written) == pytest.approx(np.array(expected), rel=1e-9, abs=0)


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="expected a finite decimal number"):
        printed_halfwidth(["1.0", "inf"])
