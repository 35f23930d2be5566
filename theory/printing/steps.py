"""A step as a person reads it: in a terminal and in LaTeX."""

from collections import defaultdict
from dataclasses import dataclass

import sympy as sp

from theory.checker.kinds import (
    Argued,
    Checked,
    Identity,
    Inequality,
    Limit,
    Proved,
    Status,
    Step,
    Supposed,
    fact,
    kind,
)
from theory.printing.notation import latex, one_line
from theory.tilted import Expr


@dataclass(frozen=True, kw_only=True)
class Described:
    """A checked step in words and in formulas; `latex` and `pretty` are empty for an argued step."""

    kind: str
    says: str
    latex: str
    pretty: str
    status: Status
    detail: str


def describe(checked: Checked) -> Described:
    """A checked step: kind, words, LaTeX (display mathematics, no delimiters), Unicode text, status and detail."""
    step = checked.step
    return Described(
        kind=kind(step),
        says=step.says,
        latex=step_latex(step),
        pretty=step_pretty(step),
        status=checked.status,
        detail=checked.detail,
    )


def statement(step: Step) -> Expr | None:
    """What a step states, as one SymPy object; None for an argued step."""
    match step:
        case Identity():
            return sp.Eq(step.lhs, step.rhs, evaluate=False)
        case Inequality():
            relation = sp.StrictLessThan if step.strict else sp.LessThan
            return relation(step.smaller, step.larger, evaluate=False)
        case Limit():
            return sp.Eq(sp.Limit(step.expr, step.variable, step.point), step.value, evaluate=False)
        case Argued():
            return None


def step_latex(step: Step) -> str:
    """The step's formula in LaTeX, with its certificate and what it rests on."""
    lines = [rf"\text{{{label}}}\ {latex(e)}" if label else latex(e) for label, e in step_lines(step)]
    if len(lines) < 2:
        return "".join(lines)
    return r"\begin{gathered}" + r" \\ ".join(lines) + r"\end{gathered}"


def step_pretty(step: Step) -> str:
    """The step's formula as lines of Unicode text, with its certificate and what it rests on."""
    return "\n".join(f"{label} {one_line(e)}".strip() for label, e in step_lines(step))


def step_lines(step: Step) -> list[tuple[str, Expr]]:
    """The formulas of a step, each after the words that join it to the one before; none of an argued step."""
    stated = statement(step)
    if stated is None:
        return []
    lines = [("", stated)]
    if isinstance(step, Inequality):
        nth = f", derivative {step.taylor[1]} in {step.taylor[0]}" if step.taylor else ""
        lines.append((f"because right - left{nth} =", step.certificate))
    if isinstance(step, Identity | Inequality):
        lines += [(_RESTS[type(given)], fact(given)) for given in step.given]
    if isinstance(step, Inequality):
        lines += [("strict by the term", sp.Eq(index, at, evaluate=False)) for index, at in step.some.items()]
    if isinstance(step, Identity | Inequality):
        lines += [("where", sp.Eq(pattern, meaning, evaluate=False)) for pattern, meaning in step.where]
    return lines


_RESTS = defaultdict(lambda: "as", {Supposed: "if", Proved: "proved:"})
"""The word before a fact that is given: what it rests on; a fact of the setting has no kind of its own."""
