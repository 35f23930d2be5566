"""The catalogue: discovery by folder, and what every law file must hold."""

import subprocess
import sys
from pathlib import Path

import pytest
import sympy as sp

import theory.laws
from theory.catalogue import by_id, find_law, laws
from theory.checker.kinds import Argued
from theory.claims import Bounded, Close, Turns
from theory.law import Law
from theory.printing.steps import describe
from theory.quantities import QUANTITIES, Observed
from theory.steps import check
from theory.tilted import definition

LAWS = laws()
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))


def test_a_file_is_a_law():
    files = {path.stem for path in Path(theory.laws.__path__[0]).glob("*.py")} - {"__init__"}
    assert set(LAWS) == files


def test_a_duplicate_id_is_refused():
    law = next(iter(LAWS.values()))
    with pytest.raises(ValueError, match=f"law {law.id}: defined twice"):
        by_id([law, law])


def test_an_unknown_id_names_what_was_meant():
    with pytest.raises(ValueError, match=r"unknown law 'tlit'; did you mean tilt"):
        find_law("tlit")


def test_importing_theory_is_cheap():
    code = "import sys, theory; assert 'sympy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@every_law
def test_a_law_is_complete(law: Law):
    for text in (law.title, law.source, law.reading):
        assert text
        assert text == text.strip()
    assert law.hypotheses
    assert law.claims
    assert 0 <= law.counterexample.claim < len(law.claims)
    assert len(law.counterexample.probabilities) == len(law.counterexample.log_odds)
    assert sum(law.counterexample.probabilities) == 1
    for claim in law.claims:
        assert claim.says
        assert claim.quantity is QUANTITIES[claim.quantity.id]


@every_law
def test_claims_are_in_atoms_with_a_definition(law: Law):
    for claim in law.claims:
        match claim:
            case Close():
                parts = [claim.value, claim.remainder]
            case Turns():
                parts = [claim.turn]
            case Bounded():
                parts = [claim.lower, claim.upper]
        for part in (claim.condition.holds, *parts):
            if part is not None:
                assert not part.has(Observed)
                assert not definition(part).has(sp.Function("K"))


@every_law
def test_every_step_prints(law: Law):
    """LaTeX with balanced braces and delimiters, text without SymPy's internals."""
    sp.latex(law.statement)
    for step in law.derivation():
        described = describe(check(step)) if isinstance(step, Argued) else describe(_unchecked(step))
        assert described.says
        assert bool(described.latex) == bool(described.pretty) == (described.kind != "argued")
        assert described.latex.count("{") == described.latex.count("}")
        assert described.latex.count(r"\left") == described.latex.count(r"\right")
        for internal in ("Cumulant", "ContextMean", "DataMean", "VocabularyMean", "Observed", "Indexed"):
            assert internal not in described.latex + described.pretty


def _unchecked(step):
    from theory.checker.kinds import Checked

    return Checked(step=step, status="checked", detail="not looked at here")
