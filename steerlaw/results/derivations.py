"""Derivations as records for the report, as text for a terminal, and as LaTeX for a paper."""

from collections.abc import Iterable
from typing import Any

from steerlaw.rendering.console import console
from theory.catalogue import derivation_report, laws
from theory.law import Law
from theory.printing.notation import latex
from theory.printing.steps import describe

MARKS = {"checked": "green", "argued": "yellow", "failed": "red", "undecided": "red"}


def derivation_record(law: Law) -> dict[str, Any]:
    """The law's entry of report.json, with its proof step by step."""
    report = derivation_report(law)
    steps = [describe(checked) for checked in report.steps]
    return {
        "id": law.id,
        "title": law.title,
        "source": law.source,
        "reading": law.reading,
        "statement": latex(law.statement),
        "hypotheses": list(law.hypotheses),
        "claims": [claim.says for claim in law.claims],
        "steps": report.counts,
        "derivation": report.status,
        "proof": [
            {"kind": s.kind, "status": s.status, "says": s.says, "text": s.pretty, "latex": s.latex, "check": s.detail}
            for s in steps
        ],
    }


def derivation_records(chosen: Iterable[Law] | None = None) -> list[dict[str, Any]]:
    """One record a law, in the catalogue's order."""
    return [derivation_record(law) for law in (laws().values() if chosen is None else chosen)]


def print_derivation(record: dict[str, Any], law: Law) -> None:
    """The derivation for a reader at a terminal."""
    import sympy as sp
    from rich.markup import escape
    from rich.padding import Padding
    from rich.text import Text

    from steerlaw.rendering.prose import in_unicode

    out = console()

    def plain(text: str) -> str:
        return escape(in_unicode(text))

    out.print(f"[bold]{record['title']}[/]  ({record['id']}; {plain(record['source'])})")
    out.print(plain(record["reading"]))
    out.print(Padding(Text(sp.pretty(law.statement, use_unicode=True, num_columns=out.width - 4)), (1, 4)))
    if record["hypotheses"]:
        out.print(f"Assumes of the model: {plain('; '.join(record['hypotheses']))}")
    for claim in record["claims"]:
        out.print(f"Claims that {plain(claim)}")
    for number, step in enumerate(record["proof"], start=1):
        mark = f"[{MARKS[step['status']]}]{step['status']:<9}[/]"
        out.print(f"\n[bold]{number:>2}[/]  {mark}  {step['kind']}: {plain(step['says'])}")
        if step["text"]:
            out.print(Padding(Text(step["text"], overflow="ignore", no_wrap=True), (0, 0, 0, 8)), crop=False)
        out.print(Padding(Text(in_unicode(step["check"]), style="dim"), (0, 0, 0, 8)))
    counts = ", ".join(f"{n} {kind}" for kind, n in record["steps"].items() if n)
    out.print(f"\nDerivation {record['derivation']} ({counts}).")


def derivation_latex(record: dict[str, Any]) -> str:
    """The derivation as LaTeX for a paper that loads amsmath, amssymb and graphicx; long formulas shrink to fit."""
    from steerlaw.rendering.prose import in_latex

    steps = "\n".join(_latex_step(step) for step in record["proof"])
    assumed = "; ".join(in_latex(hypothesis) for hypothesis in record["hypotheses"])
    claims = "; ".join(in_latex(claim) for claim in record["claims"])
    return (
        f"\\paragraph{{{in_latex(record['title'])}}} ({in_latex(record['source'])}). {in_latex(record['reading'])}\n"
        f"{_display(record['statement'])}\n"
        f"Assumed of the model: {assumed}. Claimed of curves: {claims}.\n"
        f"\\begin{{enumerate}}\n{steps}\n\\end{{enumerate}}\n"
    )


def _latex_step(step: dict[str, Any]) -> str:
    from steerlaw.rendering.prose import in_latex

    because = "" if step["latex"] else f": {in_latex(step['check'])}"
    formula = _display(step["latex"]) if step["latex"] else ""
    return f"\\item {in_latex(step['says'])} \\emph{{({step['kind']}{because})}}{formula}"


def _display(formula: str) -> str:
    width = r"\ifdim\width>\linewidth\linewidth\else\width\fi"
    return f"\n\\[\n\\resizebox{{{width}}}{{!}}{{$\\displaystyle {formula}$}}\n\\]"
