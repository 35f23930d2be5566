"""Derivations, errata, verdicts and figures as a notebook shows them: rendered mathematics, tables, pictures."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from steerlaw.figures import Drawn
    from steerlaw.subjects import Observation


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
    from steerlaw.derivations import derivation_record
    from theory.catalogue import find_law

    record = derivation_record(find_law(law_id))
    wanted = set(kinds)
    lines = [
        f"### {_prose(record['title'])}",
        f"`{record['id']}`, {_prose(record['source'])}. {_prose(record['reading'])}",
        f"$$\n{record['statement']}\n$$",
        f"*Assumed of the model:* {_prose('; '.join(record['hypotheses']))}.",
    ]
    for number, step in enumerate(record["proof"], start=1):
        if wanted and step["kind"] not in wanted:
            continue
        lines.append(
            f"**{number}.** {_prose(step['says'])} *({step['kind']}, {step['status']}: {_prose(step['check'])})*"
        )
        if step["latex"]:
            lines.append(f"$$\n{step['latex']}\n$$")
    counts = ", ".join(f"{n} {kind}" for kind, n in record["steps"].items() if n)
    return Rendered("\n\n".join([*lines, f"Derivation **{record['derivation']}** ({counts})."]))


def verdict_table(
    observations: Iterable["Observation"], laws: Iterable[str] = (), tolerance: float = 1e-3
) -> "pd.DataFrame":
    """Verdicts of the laws (ids; default all that apply) on observed sweeps: counts, and the worst departure."""
    import pandas as pd

    from steerlaw.report import Report
    from steerlaw.verification import judged
    from theory.catalogue import find_law
    from theory.catalogue import laws as catalogue

    chosen = [find_law(law) for law in laws] or list(catalogue().values())
    verdicts = [record for observation in observations for record in judged(observation, chosen, tolerance)]
    rows = [
        {
            "law": x.law,
            "model": x.model,
            "control": x.control or "",
            **x.counts,
            "worst departure": x.worst.partition(": ")[0],
        }
        for x in Report(run={}, derivations=[], verdicts=verdicts).table()
        if sum(x.counts.values()) > x.counts["not_applicable"]
    ]
    return pd.DataFrame(rows).set_index(["law", "model", "control"])


def show_figures(drawn: Iterable["Drawn"]) -> None:
    """Each figure under its title and caption."""
    from IPython.display import Markdown, display

    for one in drawn:
        display(Markdown(f"**{one.title}.** {one.caption}"), one.figure)


def _prose(text: Any) -> str:
    from steerlaw.prose import in_unicode

    return in_unicode(str(text)).replace("*", r"\*").replace("_", r"\_").replace("|", r"\|")
