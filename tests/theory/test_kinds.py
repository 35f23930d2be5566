"""Nothing of a kind goes untested: each kind of claim and of step, and each quantity, meets the generic tests.

The tests of laws run over what laws say, and name none. What no law uses would be tested by nothing; these tests fail
until one does.
"""

from dataclasses import fields, replace
from typing import get_args

import pytest
import sympy as sp

from certified_model import CURVES, OTHERWISE
from theory.catalogue import DerivationReport, laws
from theory.checker.kinds import KINDS, Argued, Checked, Step
from theory.claims import Claim
from theory.quantities import QUANTITIES
from theory.steps import check

LAWS = laws().values()
CLAIMS = [claim for law in LAWS for claim in law.claims]


@pytest.mark.parametrize("kind", get_args(Claim))
def test_every_kind_of_claim_is_made_by_a_law(kind: type) -> None:
    assert any(isinstance(claim, kind) for claim in CLAIMS), f"{kind.__name__}: no law makes such a claim"


def test_every_quantity_is_spoken_of_and_has_a_certified_curve() -> None:
    assert {claim.quantity.id for claim in CLAIMS} == set(QUANTITIES), "a quantity that no law speaks of, or no row"
    assert set(CURVES) | set(OTHERWISE) == set(QUANTITIES), "a quantity without its curve in tests/certified_model.py"
    assert not set(CURVES) & set(OTHERWISE)


@pytest.mark.parametrize("kind", get_args(Step))
def test_every_kind_of_step_is_counted_and_can_fail(kind: type) -> None:
    """Reports count it, and of some step of the kind a slip in one formula is noticed; what is argued states none."""
    steps = [step for law in LAWS for step in law.derivation() if isinstance(step, kind)]
    assert steps, f"{kind.__name__}: no derivation has such a step"
    counted = DerivationReport(law="", steps=(Checked(step=steps[0], status="checked", detail=""),)).counts
    assert counted == dict.fromkeys(KINDS, 0) | {kind.__name__.lower(): 1}
    if kind is Argued:
        return
    step = min(steps, key=lambda step: len(str(step)))
    formulas = [f.name for f in fields(step) if f.name != "says" and isinstance(getattr(step, f.name), sp.Expr)]
    slips = [replace(step, **{name: getattr(step, name) + sp.Rational(1, 7)}) for name in formulas]
    assert any(check(slip).status == "failed" for slip in slips)
