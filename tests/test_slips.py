"""What `tests/slips.py` would change still stands where it says, so that each slip is still one."""

import ast

import pytest

from slips import ROOT, SLIPS, Slip


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.means)
def test_a_slip_changes_what_a_file_does_and_names_tests_that_exist(slip: Slip):
    own = (ROOT / slip.path).read_text(encoding="utf-8")
    assert ast.dump(ast.parse(slip.changed)) != ast.dump(ast.parse(own))
    assert all((ROOT / tests).exists() for tests in slip.tests.split())
