"""Derivations as text for a terminal, and as LaTeX for a paper."""

from steerlaw.rendering.console import console, styled
from steerlaw.rendering.prose import in_latex, in_unicode
from steerlaw.results.derivations import Derivation, ProofStep
from theory.law import Law

MARKS = {"checked": "green", "argued": "yellow", "failed": "red", "undecided": "red"}


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
    for claim in record.claims:
        out.print(f"Claims that {in_unicode(claim)}")
    for number, step in enumerate(record.proof, start=1):
        mark = styled(f"{step.status:<9}", MARKS[step.status])
        out.print()
        out.print(styled(f"{number:>2}", "bold"), "", mark, "", f"{step.kind}: {in_unicode(step.says)}")
        if step.text:
            out.print(Padding(Text(step.text, overflow="ignore", no_wrap=True), (0, 0, 0, 8)), crop=False)
        out.print(Padding(Text(in_unicode(step.check), style="dim"), (0, 0, 0, 8)))
    counts = ", ".join(f"{n} {kind}" for kind, n in record.steps.items() if n)
    out.print(f"\nDerivation {record.status} ({counts}).")


def derivation_latex(record: Derivation) -> str:
    """The derivation as LaTeX for a paper that loads amsmath, amssymb and graphicx; long formulas shrink to fit."""
    steps = "\n".join(_latex_step(step) for step in record.proof)
    assumed = "; ".join(in_latex(hypothesis) for hypothesis in record.hypotheses)
    claims = "; ".join(in_latex(claim) for claim in record.claims)
    return (
        f"\\paragraph{{{in_latex(record.title)}}} ({in_latex(record.source)}). {in_latex(record.reading)}\n"
        f"{_display(record.statement)}\n"
        f"Assumed of the model: {assumed}. Claimed of curves: {claims}.\n"
        f"\\begin{{enumerate}}\n{steps}\n\\end{{enumerate}}\n"
    )


def _latex_step(step: ProofStep) -> str:
    because = "" if step.latex else f": {in_latex(step.check)}"
    formula = _display(step.latex) if step.latex else ""
    return f"\\item {in_latex(step.says)} \\emph{{({step.kind}{because})}}{formula}"


def _display(formula: str) -> str:
    width = r"\ifdim\width>\linewidth\linewidth\else\width\fi"
    return f"\n\\[\n\\resizebox{{{width}}}{{!}}{{$\\displaystyle {formula}$}}\n\\]"
