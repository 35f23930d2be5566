"""Long formulas in lines: nothing is lost, nothing is cut within a bracket, and what can be cut is short enough."""

import re

import pytest

from steerlaw.rendering.broken_lines import WIDTH, broken, pieces, width
from theory.catalogue import laws
from theory.printing.notation import latex
from theory.printing.steps import step_lines

FORMULAS = sorted(
    {latex(law.statement) for law in laws().values()}
    | {latex(expr) for law in laws().values() for step in law.derivation() for _, expr in step_lines(step)}
)


def balanced(text: str) -> bool:
    braces = text.replace(r"\{", "").replace(r"\}", "")
    return braces.count("{") == braces.count("}") and text.count(r"\left") == text.count(r"\right")


def test_no_piece_is_lost_or_cut_within_a_bracket() -> None:
    assert len(FORMULAS) > 100
    for formula in FORMULAS:
        found = pieces(formula)
        assert "".join(found) == formula
        assert all(map(balanced, found)), formula


def test_rows_hold_the_formula_and_shrink_only_where_a_piece_is_too_long() -> None:
    shrunk = 0
    for formula in FORMULAS:
        text = broken(formula)
        for row in text.split(" \\\\\n"):
            assert row.startswith("&")
            assert balanced(row)
            inside = re.sub(r"\\resizebox.*?displaystyle |\$\}$|^&(\\quad )?", "", row)
            if r"\resizebox" in row:
                shrunk += 1
                assert len(pieces(inside)) == 1, formula
            else:
                assert width(inside) <= WIDTH
        bare = re.sub(r"\\resizebox.*?displaystyle |\$\}|&|\\quad |\s|\\\\", "", text)
        assert bare == re.sub(r"&|\s|\\\\", "", formula)
    assert shrunk < len(FORMULAS) / 8  # in most formulas no piece is too long


@pytest.mark.parametrize(
    ("formula", "cut"),
    [
        ("a = b + c", ["a ", "= b ", "+ c"]),
        ("- a - b", ["- a ", "- b"]),
        (r"x = - \left(a + b\right)", ["x ", r"= - \left(a + b\right)"]),
        ("f(a = b) - e^{u - v}", ["f(a = b) ", "- e^{u - v}"]),
    ],
)
def test_where_a_formula_is_cut(formula: str, cut: list[str]) -> None:
    assert pieces(formula) == cut


def test_a_fraction_is_as_wide_as_its_wider_part() -> None:
    assert width(r"\frac{a}{bcd}") == width(r"\frac{bcd}{a}") == width("bcd")
    assert width(r"\frac{\frac{abcd}{e}}{f} g") == width("abcdg")
