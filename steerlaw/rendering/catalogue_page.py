"""The whole catalogue as one page of Markdown, `docs/laws.md`: every law's claims, conditions and proof in full.

`python -m steerlaw.rendering.catalogue_page > docs/laws.md` writes it; a test holds page and catalogue together, so
that no step, assumption or claim changes unseen.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import sympy as sp

from steerlaw.rendering.prose import in_unicode
from theory import facts, tilted
from theory.catalogue import laws
from theory.checker.kinds import Argued, Inequality, Step, fact, kind
from theory.claims import ALWAYS, Bounded, Claim, Close, Turns
from theory.law import Counterexample, Law
from theory.printing.meanings import spoken_of
from theory.printing.notation import latex, one_line
from theory.printing.steps import statement, step_lines, step_pretty
from theory.quantities import ABSCISSA

SHARED = {
    name for module in (tilted, facts) for name in vars(module).values() if isinstance(name, sp.Symbol | sp.IndexedBase)
}
"""Symbols and arrays that all laws use; any other is a step's own."""


def catalogue_markdown() -> str:
    """The page. Proofs are printed, not checked: `steerlaw derive` and the tests check them."""
    known = laws()
    contents = [
        f"- [`{law.id}`](#{law.id}) {in_unicode(law.title)} ({in_unicode(law.source)})" for law in known.values()
    ]
    head = (
        "# The laws\n\nEvery law with what it assumes, what it claims of curves, its proof step by step, and a curve "
        "that it forbids. What [symbols](#symbols) stand for is said below.\n\n" + "\n".join(contents)
    )
    return "\n\n".join([head, symbols_markdown(known.values()), *map(law_markdown, known.values())]) + "\n"


def symbols_markdown(described: Iterable[Law]) -> str:
    """What the symbols stand for that these laws' statements, claims and steps use, those of a step alone apart."""
    used = [
        part
        for law in described
        for part in (
            law.statement,
            *(claim.quantity.symbol for claim in law.claims),
            *(part for step in law.derivation() for _, part in step_lines(step)),
        )
    ]
    rows = [f"- `{one_line(shown)}`: {in_unicode(meaning)}" for shown, meaning in spoken_of(used)]
    return "## Symbols\n\n" + "\n".join(rows)


def law_markdown(law: Law) -> str:
    """A law's section: everything that the law, its claims, the steps of its proof and its counterexample hold."""
    return "\n\n".join(_law(law))


def _law(law: Law) -> Iterator[str]:
    yield f"## {law.id}"
    yield f"**{in_unicode(law.title)}** ({in_unicode(law.source)}). {in_unicode(law.reading)}"
    yield f"```math\n{latex(law.statement)}\n```"
    yield "\n".join(["Assumes of the model:\n", *(f"- {in_unicode(hypothesis)}" for hypothesis in law.hypotheses)])
    if law.grants:
        yield "In formulas:\n" + _code("\n".join(map(one_line, law.grants)))
    yield "\n".join(
        [
            "Claims:\n",
            *(f"- {in_unicode(claim.says)}{_proved(claim)}\n{_code(_claim(claim))}" for claim in law.claims),
        ]
    )
    yield "Proof:"
    for number, step in enumerate(law.derivation(), start=1):
        yield f"{number}. {_step(step)}"
    example = law.counterexample
    yield (
        f"Forbids, by claim {example.claim + 1}: {in_unicode(example.says)}.\n"
        f"{_code(f'{one_line(example.values)}{chr(10)}{_instance(example)}')}"
    )


def _proved(claim: Claim) -> str:
    """The names of the steps that state a claim, as it gives them."""
    return f" *(by {', '.join(claim.proof)})*" if claim.proof else ""


def _step(step: Step) -> str:
    named = f": {step.name}" if step.name else ""
    said = f"{in_unicode(step.says)} *({kind(step)}{named})*"
    if isinstance(step, Argued):
        return f"{said}: {in_unicode(step.because)}."
    lines = [step_pretty(step)]
    if assumed := _assumed(step):
        lines.append(f"for {', '.join(assumed)}")
    return f"{said}\n{_code(chr(10).join(lines))}"


def _assumed(step: Step) -> list[str]:
    """Where a step's indices end, if not at V, and what its own symbols and arrays are declared to be."""
    parts = [statement(step), *sp.flatten(getattr(step, "where", ()))]
    if isinstance(step, Inequality):
        parts.append(step.certificate)
    parts += map(fact, getattr(step, "given", ()))
    limits = {limit for part in parts for total in part.atoms(sp.Sum) for limit in total.limits}
    ends = sorted(f"{one_line(index)} ≤ {one_line(end)}" for index, _, end in limits if end != tilted.V)
    own = {name for part in parts for name in _names(part)} - SHARED
    signs = [f"{one_line(name)} {'>' if name.is_positive else '≥'} 0" for name in own if name.is_nonnegative]
    real = sorted(one_line(name) for name in own if name.is_real and not name.is_nonnegative)
    return [*ends, *sorted(signs), *([f"{', '.join(real)} real"] if real else [])]


def _names(expr: Any) -> Iterator[Any]:
    """The symbols and arrays in an expression."""
    if isinstance(expr, sp.Symbol | sp.IndexedBase):
        yield expr
    else:
        for part in expr.args:
            yield from _names(part)


def _instance(example: Counterexample) -> str:
    """The instance of a counterexample; of limits and the context's concept where it says something of them."""
    law_and_odds = f"p = {_tuple(example.probabilities)}, M = {_tuple(example.log_odds)}"
    line = f"{law_and_odds}, token {example.token}, C = {example.concept}, strengths {example.window}"
    if example.in_target:
        line += ", context of the target"
    if example.limits:
        before, after = map(_tuple, example.limits)
        line += f", logits {before} up to strength -{example.limit_strength}, {after} from {example.limit_strength} on"
    return line


def _claim(claim: Claim) -> str:
    """Everything in a claim that the comparator reads."""
    symbol, order = claim.quantity.symbol, getattr(claim, "derivative", 0)
    quantity = one_line(sp.Derivative(symbol, (ABSCISSA[claim.quantity.along], order)) if order else symbol)
    match claim:
        case Close():
            lines = [f"|{quantity} - ({one_line(claim.value)})| ≤ {one_line(claim.remainder)}"]
            lines += [] if claim.integral is None else [f"the integral of which is {one_line(claim.integral)}"]
        case Turns():
            first = claim.first if isinstance(claim.first, str) else f"sign of {one_line(claim.first)}"
            lines = [f"{quantity}: at most {one_line(sp.sympify(claim.n))} turning points, first {first}"]
            lines += [] if claim.turn is None else [f"turns where {one_line(claim.turn)} = 0"]
        case Bounded():
            lower, upper = ("∞" if bound is None else one_line(bound) for bound in (claim.lower, claim.upper))
            lines = [f"{'-' if claim.lower is None else ''}{lower} ≤ {quantity} ≤ {upper}"]
    if claim.domain != sp.S.Reals:
        domain: Any = claim.domain
        lines.append(f"for {one_line(domain.as_relational(claim.quantity.symbol.args[1]))}")
    if claim.condition != ALWAYS:
        lines.append(f"if {in_unicode(claim.condition.name)}: {one_line(claim.condition.holds)}")
    return "\n".join(lines)


def _tuple(values: tuple[object, ...]) -> str:
    return f"({', '.join(map(str, values))})"


def _code(text: str) -> str:
    """An indented code block, which belongs to the list item or the paragraph before it."""
    return "\n" + "\n".join(f"       {line}" for line in text.splitlines())


if __name__ == "__main__":
    print(catalogue_markdown(), end="")
