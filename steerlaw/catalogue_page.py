"""The whole catalogue as one page of Markdown, `docs/laws.md`: every law's claims, conditions and proof in full.

`python -m steerlaw.catalogue_page > docs/laws.md` writes it; a test holds page and catalogue together, so that no step,
assumption or claim changes unseen.
"""

from collections.abc import Iterator

import sympy as sp

from steerlaw.prose import in_unicode
from theory.catalogue import laws
from theory.claims import ALWAYS, Bounded, Claim, Close, Turns
from theory.kinds import Argued, kind
from theory.law import Law
from theory.notation import latex, one_line
from theory.printing import step_pretty


def catalogue_markdown() -> str:
    """The page. Proofs are printed, not checked: `steerlaw derive` and the tests check them."""
    known = laws()
    contents = [
        f"- [`{law.id}`](#{law.id}) {in_unicode(law.title)} ({in_unicode(law.source)})" for law in known.values()
    ]
    head = (
        "# The laws\n\nEvery law with what it assumes, what it claims of curves, its proof step by step, and a curve "
        "that it forbids. In formulas j is the context and z the token at hand, p the unsteered law, M the log-odds, "
        "C, T, P and N indicators of sets; sums run over the vocabulary.\n\n" + "\n".join(contents)
    )
    return "\n\n".join([head, *(line for law in known.values() for line in _law(law))]) + "\n"


def _law(law: Law) -> Iterator[str]:
    yield f"## {law.id}"
    yield f"**{in_unicode(law.title)}** ({in_unicode(law.source)}). {in_unicode(law.reading)}"
    yield f"```math\n{latex(law.statement)}\n```"
    yield "\n".join(["Assumes of the model:\n", *(f"- {in_unicode(hypothesis)}" for hypothesis in law.hypotheses)])
    yield "\n".join(["Claims:\n", *(f"- {in_unicode(claim.says)}\n{_code(_claim(claim))}" for claim in law.claims)])
    yield "Proof:"
    for number, step in enumerate(law.derivation(), start=1):
        said = f"{number}. {in_unicode(step.says)} *({kind(step)})*"
        yield (
            f"{said}: {in_unicode(step.because)}."
            if isinstance(step, Argued)
            else f"{said}\n{_code(step_pretty(step))}"
        )
    example = law.counterexample
    law_and_odds = f"p = {_tuple(example.probabilities)}, M = {_tuple(example.log_odds)}"
    where = f"{law_and_odds}, token {example.token}, C = {example.concept}"
    yield (
        f"Forbids, by claim {example.claim + 1}: {in_unicode(example.says)}.\n"
        f"{_code(f'{one_line(example.values)}{chr(10)}{where}, strengths {example.window}')}"
    )


def _claim(claim: Claim) -> str:
    """Everything in a claim that the comparator reads."""
    quantity = one_line(claim.quantity.symbol)
    match claim:
        case Close():
            lines = [f"|{quantity} - ({one_line(claim.value)})| ≤ {one_line(claim.remainder)}"]
        case Turns():
            first = claim.first if isinstance(claim.first, str) else f"sign of {one_line(claim.first)}"
            lines = [f"{quantity}: at most {claim.n} turning points, first {first}"]
            lines += [] if claim.turn is None else [f"turns where {one_line(claim.turn)} = 0"]
        case Bounded():
            name = f"derivative {claim.derivative} of {quantity}" if claim.derivative else quantity
            lower, upper = ("∞" if bound is None else one_line(bound) for bound in (claim.lower, claim.upper))
            lines = [f"{'-' if claim.lower is None else ''}{lower} ≤ {name} ≤ {upper}"]
    if claim.domain != sp.S.Reals:
        lines.append(f"for {one_line(claim.domain.as_relational(claim.quantity.symbol.args[1]))}")
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
