"""Derivations as text for a terminal and as LaTeX for a paper; both say what their symbols stand for."""

from typing import Any

from steerlaw.rendering.broken_lines import WIDTH, broken, width
from steerlaw.rendering.console import console, styled
from steerlaw.rendering.prose import in_latex, in_unicode
from steerlaw.results.derivations import Derivation, ProofStep
from theory.checker.kinds import Step
from theory.law import Law
from theory.printing.meanings import spoken_of
from theory.printing.notation import latex, one_line
from theory.printing.steps import step_lines

MARKS = {"checked": "green", "argued": "yellow", "failed": "red", "undecided": "red"}


def symbols(law: Law) -> list[tuple[Any, str]]:
    """What the formulas of a law and of its derivation speak of, each with its meaning."""
    return spoken_of([law.statement, *(expr for step in law.derivation() for _, expr in step_lines(step))])


def print_derivation(record: Derivation, law: Law) -> None:
    """The derivation for a reader at a terminal."""
    import sympy as sp
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    out.print(styled(record.title, "bold"), f" ({record.id}; {in_unicode(record.source)})")
    out.print(in_unicode(record.reading))
    out.print(Padding(Text(sp.pretty(law.statement, use_unicode=True, num_columns=out.width - 4)), (1, 4)))
    if record.hypotheses:
        out.print(f"Assumes of the model: {in_unicode('; '.join(record.hypotheses))}")
    for claim, proof in zip(record.claims, record.proofs, strict=True):
        out.print(f"Claims that {in_unicode(claim)}", styled(f"({proof.words})", "dim"))
    out.print("\nIn the formulas")
    for symbol, meaning in symbols(law):
        out.print(Padding(Text(f"{one_line(symbol)}  {in_unicode(meaning)}"), (0, 0, 0, 4)))
    for number, step in enumerate(record.proof, start=1):
        mark = styled(f"{step.status:<9}", MARKS[step.status])
        out.print()
        out.print(styled(f"{number:>2}", "bold"), "", mark, "", f"{step.kind}: {in_unicode(step.says)}")
        if step.text:
            out.print(Padding(Text(step.text, overflow="ignore", no_wrap=True), (0, 0, 0, 8)), crop=False)
        out.print(Padding(Text(in_unicode(step.check), style="dim"), (0, 0, 0, 8)))
    counts = ", ".join(f"{n} {kind}" for kind, n in record.steps.items() if n)
    out.print(f"\nDerivation {record.status} ({counts}).")


def derivation_latex(record: Derivation, law: Law) -> str:
    """The derivation as LaTeX (amsmath, amssymb, graphicx): equations numbered, long ones broken into lines."""
    steps = "\n".join(_step(*pair) for pair in zip(record.proof, law.derivation(), strict=True))
    assumed = "; ".join(in_latex(hypothesis) for hypothesis in record.hypotheses)
    proved = zip(record.claims, record.proofs, strict=True)
    claims = "; ".join(f"{in_latex(claim)} ({proof.words})" for claim, proof in proved)
    meanings = "; ".join(f"${latex(symbol)}$, {in_latex(meaning)}" for symbol, meaning in symbols(law))
    return (
        f"\\paragraph{{{in_latex(record.title)}}} ({in_latex(record.source)}). {in_latex(record.reading)}\n"
        f"{_equation(record.statement)}\n"
        f"Assumed of the model: {assumed}. Claimed of curves: {claims}.\n\n"
        f"Here {meanings}.\n"
        f"\\begin{{enumerate}}\n{steps}\n\\end{{enumerate}}\n"
    )


def _step(record: ProofStep, step: Step) -> str:
    """A step's words, its statement as a numbered equation, and what it rests on."""
    because = "" if record.latex else f": {in_latex(record.check)}"
    said = f"\\item {in_latex(record.says)} \\emph{{({record.kind}{because})}}"
    return "\n".join([said, *(_line(label, latex(expr)) for label, expr in step_lines(step))])


def _line(label: str, formula: str) -> str:
    """A formula by itself is an equation; what it rests on follows its words, in their line where it is short."""
    if not label:
        return _equation(formula)
    words = in_latex(label)
    return f"{words} ${formula}$;" if width(formula) <= WIDTH / 2 else f"{words}\n\\[\n{_split(formula)}\n\\]"


def _equation(formula: str) -> str:
    return f"\\begin{{equation}}\n{_split(formula)}\n\\end{{equation}}"


def _split(formula: str) -> str:
    return f"\\begin{{split}}\n{broken(formula)}\n\\end{{split}}"
