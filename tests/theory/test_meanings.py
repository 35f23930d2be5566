"""Every symbol that several laws share has a meaning, and every meaning is of something they say."""

import sympy as sp

from theory import facts, tilted
from theory.catalogue import laws
from theory.printing.meanings import MEANINGS, spoken_of
from theory.printing.notation import latex, one_line
from theory.printing.steps import step_lines
from theory.quantities import QUANTITIES, Observed
from theory.tilted import Atom

NAMED = {name: value for module in (tilted, facts) for name, value in vars(module).items() if not name.startswith("_")}
SHARED = [value for value in NAMED.values() if isinstance(value, sp.Symbol | sp.IndexedBase)]
ATOMS = [v for v in NAMED.values() if isinstance(v, type) and issubclass(v, Atom) and not v.__subclasses__()]


def test_everything_shared_has_a_meaning() -> None:
    missing = [str(one) for one in (*SHARED, *ATOMS, tilted.Cumulant) if one not in MEANINGS]
    assert not missing, f"give {missing} a row in theory/printing/meanings.py"
    assert all(meaning and shown.has(sp.Basic) for shown, meaning in MEANINGS.values())


def test_a_law_defines_what_it_speaks_of() -> None:
    for law in laws().values():
        exprs = [law.statement, *(expr for step in law.derivation() for _, expr in step_lines(step))]
        told = spoken_of(exprs)
        shown = [one_line(symbol) for symbol, _ in told]
        assert len(set(shown)) == len(shown)
        arrays = {base for expr in exprs for base in expr.atoms(sp.IndexedBase)}
        kinds = {type(atom) for expr in exprs for atom in expr.atoms(Atom)} - {Observed}
        for one in (arrays & set(SHARED)) | kinds:
            assert MEANINGS[one] in told, (law.id, one)
        assert all(latex(symbol) for symbol, _ in told)
        observed = {q.meaning for q in QUANTITIES.values()} & {meaning for _, meaning in told}
        assert bool(observed) == bool(law.statement.atoms(tilted.Atom) & {q.symbol for q in QUANTITIES.values()})
