"""Derivations, errata, verdicts and figures as a notebook shows them: rendered mathematics, tables, pictures."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from steerlaw.inputs.subjects import Observation
    from steerlaw.rendering.figures.drawn import Drawn


@dataclass(frozen=True)
class Rendered:
    """Markdown with mathematics in it, which a notebook renders."""

    markdown: str

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __str__(self) -> str:
        return self.markdown


def derivation(law_id: str, *, kinds: Iterable[str] = ()) -> Rendered:
    """A law's statement and its proof, every step checked as the cell runs; `kinds` keeps only steps of some kinds."""
    from steerlaw.results.derivations import derivation_record
    from theory.catalogue import find_law

    record = derivation_record(find_law(law_id))
    wanted = set(kinds)
    lines = [
        f"### {_prose(record.title)}",
        f"`{record.id}`, {_prose(record.source)}. {_prose(record.reading)}",
        f"$$\n{record.statement}\n$$",
        f"*Assumed of the model:* {_prose('; '.join(record.hypotheses))}.",
    ]
    for number, step in enumerate(record.proof, start=1):
        if wanted and step.kind not in wanted:
            continue
        status = "" if step.status == step.kind else f", {step.status}"
        lines.append(f"**{number}.** {_prose(step.says)} *({step.kind}{status}: {_prose(step.check)})*")
        if step.latex:
            lines.append(f"$$\n{step.latex}\n$$")
    counts = ", ".join(f"{n} {kind}" for kind, n in record.steps.items() if n)
    return Rendered("\n\n".join([*lines, f"Derivation **{record.status}** ({counts})."]))


def erratum(entry_id: str) -> Rendered:
    """A remark on the published text: what v1 says, what can be proved, and its instance, checked as the cell runs."""
    from theory.errata import errata

    entries = errata()
    if entry_id not in entries:
        raise ValueError(f"{entry_id}: no such entry; there are {', '.join(entries)}")
    entry = entries[entry_id]
    record, evidence = entry.to_json(), entry.check()
    lines = [
        f"### {entry.number}. {entry.kind.capitalize()}: {_prose(entry.where)} (v1)",
        f"*The text.* {_prose(entry.published)}",
        f"*What can be proved.* {_prose(entry.provable)} Law `{entry.law}`.",
    ]
    if record["instance"] is not None:
        lines.append("```text\n" + "\n".join(_fields(record["instance"])) + "\n```")
    for fact in evidence.facts:
        value = f"; {_prose(fact.value)}" if fact.value else ""
        lines.append(f"- **{_decided(fact.holds)}**: {_prose(fact.says)} *({fact.strength}{value})*")
    lines.append(f"All together: **{_decided(evidence.holds)}** ({evidence.kind}).")
    return Rendered("\n\n".join(lines))


def continuation(model: Any, prompt: str, strength: float, *, layer: int, vector: Any, length: int = 16) -> str:
    """The prompt and the `length` likeliest tokens after it, one at a time, steered at every step."""
    tokens = model.encode(prompt)
    for _ in range(length):
        tokens.append(int(model.logits(tokens, [strength], layer=layer, vector=vector)[0].argmax()))
    return model.tokenizer.decode(tokens)


def verdict_table(
    observations: Iterable["Observation"], laws: Iterable[str] = (), tolerance: float | str | None = None
) -> "pd.DataFrame":
    """Verdicts of the laws (ids; default all that apply) on observed sweeps: counts, and the worst departure."""
    import pandas as pd

    from steerlaw.rendering.words import amount
    from steerlaw.results.claims import claim_holdings
    from steerlaw.results.judging import judged
    from steerlaw.results.lines import summary_lines
    from steerlaw.results.shares import interval
    from steerlaw.results.verdict_rows import verdict_row
    from theory.catalogue import find_law
    from theory.catalogue import laws as catalogue

    chosen = [find_law(law) for law in laws] or list(catalogue().values())
    found = [one for observation in observations for one in judged(observation, chosen, tolerance)]
    rows = [
        {
            "law": line.law,
            "model": line.model,
            "control": line.control or "",
            **line.counts,
            "share that holds": "" if line.holds is None else interval(line.holds),
            "worst departure": "" if line.worst is None else amount(line.worst),
        }
        for line in summary_lines([verdict_row(*one) for one in found], found, claim_holdings(found))
        if line.shares is not None and line.weakest
    ]
    return pd.DataFrame(rows).set_index(["law", "model", "control"])


def show_figures(drawn: Iterable["Drawn"]) -> None:
    """Each figure under its title and caption."""
    from IPython.display import Markdown, display

    for one in drawn:
        display(Markdown(f"**{one.title}.** {one.caption}"), one.figure)


def _fields(record: dict[str, Any], indent: str = "") -> list[str]:
    """An exact instance, a field a line; rows stand between bars."""
    lines = []
    for name, value in record.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *_fields(value, indent + "  ")]
            continue
        rows = value if isinstance(value, list) else [value]
        text = " | ".join(" ".join(row) for row in rows) if isinstance(rows[0], list) else " ".join(map(str, rows))
        lines.append(f"{indent}{name:<12} {text}")
    return lines


def _decided(holds: bool | None) -> str:
    return {True: "holds", False: "fails", None: "undecided"}[holds]


def _prose(text: Any) -> str:
    from steerlaw.rendering.prose import in_unicode

    return in_unicode(str(text)).replace("*", r"\*").replace("_", r"\_").replace("|", r"\|")
