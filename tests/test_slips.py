"""What `tests/slips.py` and `tests/harmless_mutants.py` would change still stands where they say."""

import ast

import pytest

from harmless_mutants import HARMLESS, Harmless
from mutants_page import NOT_EXPLAINED, Row, read_rows, write_rows
from mutate_numerics import TESTS, explains, mutants, mutated
from slips import ROOT, SLIPS, Slip


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.means)
def test_a_slip_changes_what_a_file_does_and_names_tests_that_exist(slip: Slip):
    own = (ROOT / slip.path).read_text(encoding="utf-8")
    assert ast.dump(ast.parse(slip.changed)) != ast.dump(ast.parse(own))
    assert all((ROOT / tests).exists() for tests in slip.tests.split())


@pytest.mark.parametrize("harmless", HARMLESS, ids=lambda one: f"{one.file}: {one.change} in {one.piece}")
def test_a_mutant_that_does_no_harm_is_one_of_its_file(harmless: Harmless):
    assert any(explains(harmless, harmless.file, mutant) for mutant in mutants(ROOT / harmless.file))


def test_mutants_change_what_is_marked_and_nothing_else(tmp_path):
    path = tmp_path / "judge.py"
    path.write_text("def most(a: float = 1) -> bool:\n    return max(a, -0.5) <= 2 * a\n", encoding="utf-8")
    found = mutants(path)
    assert {(one.change, one.line) for one in found} == {
        ("1 -> 2", "def most(a: float = «1») -> bool:"),
        ("LtE -> Lt", "return «max(a, -0.5) <= 2 * a»"),
        ("max -> min", "return «max»(a, -0.5) <= 2 * a"),
        ("drop the sign", "return max(a, «-0.5») <= 2 * a"),
        ("0.5 -> 1.5", "return max(a, -«0.5») <= 2 * a"),
        ("Mult -> Div", "return max(a, -0.5) <= «2 * a»"),
        ("2 -> 3", "return max(a, -0.5) <= «2» * a"),
    }
    own = ast.unparse(ast.parse(path.read_text(encoding="utf-8")))
    texts = [mutated(path, one) for one in found]
    assert len({own, *texts}) == 8
    assert own.replace("<=", "<") in texts


def test_rows_of_files_that_were_not_gone_through_stay(tmp_path):
    page = tmp_path / "MUTANTS.md"
    first = Row(
        name="a.py",
        digest="0123abcd",
        mutants=9,
        tried=9,
        survivors=(
            ("1 -> 2 in `x = y[«1»]: z`", NOT_EXPLAINED),
            ("max -> min in `«max»(x)`", "x is one number"),
        ),
    )
    second = Row(name="b/c.py", digest="89", mutants=30, tried=10)
    write_rows([first], page)
    write_rows([second], page)
    assert read_rows(page) == {"a.py": first, "b/c.py": second}
    assert "| 9 | 9 | 7 | 1 | 1 | 87.5 % |" in page.read_text(encoding="utf-8")
    write_rows([second], page)
    assert read_rows(page) == {"a.py": first, "b/c.py": second}


def test_the_page_is_of_files_that_have_tests():
    assert set(read_rows()) <= set(TESTS)
