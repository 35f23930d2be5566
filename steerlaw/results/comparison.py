"""Two reports side by side: which verdicts changed, and what the runs differ in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from steerlaw.inputs.report_file import Curves, Judged, ReadReport

MOVED = 0.05
"""Share of curves by which a claim's holding must move to be told, where its verdict is the same."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One claim on the same curves in both reports, where it came to another verdict or holds on more or fewer."""

    curves: Curves
    before: Judged
    after: Judged

    @property
    def turned(self) -> bool:
        """Whether the verdict is another."""
        return self.before.verdict != self.after.verdict

    @property
    def moved(self) -> float:
        """By how much the share of curves that hold has grown."""
        shares = [judged.holds for judged in (self.before, self.after)]
        return 0.0 if None in shares else shares[1] - shares[0]  # pyright: ignore[reportOperatorIssue]

    def say(self) -> str:
        """The change in words."""
        where = [self.curves.model, self.curves.control.replace("_", " "), self.curves.concept]
        where.insert(2, "" if self.curves.layer < 0 else f"block {self.curves.layer}")
        shares = [judged.holds for judged in (self.before, self.after)]
        held = "" if None in shares else ", on {:.0%} of curves, was {:.0%}".format(*reversed(shares))
        verdicts = (
            f"{self.after.verdict}, was {self.before.verdict}" if self.turned else f"{self.after.verdict} as before"
        )
        return f"{self.curves.law} ({self.curves.claim}) on {', '.join(filter(None, where))}: {verdicts}{held}"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What two reports have in common and do not.

    `changes` are those of verdicts first, the largest move first; `same` counts rows without a change; `gone` and `new`
    rows that only one has; `runs` has what the runs differ in, before and after.
    """

    changes: Sequence[Change]
    same: int
    gone: int
    new: int
    runs: Mapping[str, tuple[str, str]]

    @property
    def lines(self) -> tuple[str, ...]:
        """In words: how much changed, in which direction, and what the runs differ in."""
        turned = [change for change in self.changes if change.turned]
        both = self.same + len(self.changes)
        if not both:
            return ("The two reports judge nothing in common: no claim on the same kind of curves of the same model.",)
        kinds = Counter((change.before.verdict, change.after.verdict) for change in turned)
        ways = ", ".join(f"{count} from {a} to {b}" for (a, b), count in kinds.most_common())
        first = (
            f"{len(turned)} of {both} verdicts that both reports have are different: {ways}."
            if turned
            else f"All {both} verdicts that both reports have are the same."
        )
        moved = len(self.changes) - len(turned)
        more = [f"{moved} more hold on a share of curves that moved by over {MOVED:.0%}."] if moved else []
        if self.gone or self.new:
            more.append(f"{self.gone} verdicts are only in the first report, {self.new} only in the second.")
        told = "; ".join(f"{name}: {a or 'none'}, then {b or 'none'}" for name, (a, b) in self.runs.items())
        return (first, *more, f"The runs differ in {told}." if told else "The runs were made alike.")

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        changes = [asdict(change) | {"say": change.say()} for change in self.changes]
        return asdict(self) | {"changes": changes, "lines": list(self.lines), "runs": dict(self.runs)}


def compared(first: ReadReport, second: ReadReport) -> Comparison:
    """The two reports held against each other; two single models are taken for each other, whatever their names."""
    before, after = dict(first.rows), dict(second.rows)
    renamed = first.models != second.models and len(first.models) == len(second.models) == 1
    if renamed:
        (name,) = first.models
        after = {replace(curves, model=name): judged for curves, judged in after.items()}
    common = sorted(before.keys() & after.keys())
    pairs = [Change(curves=curves, before=before[curves], after=after[curves]) for curves in common]
    changes = [pair for pair in pairs if pair.turned or abs(pair.moved) > MOVED]
    settings = sorted(first.run.keys() | second.run.keys())
    runs = {name: (first.run.get(name, ""), second.run.get(name, "")) for name in settings}
    if renamed:
        runs["model"] = (next(iter(first.models)), next(iter(second.models)))
    return Comparison(
        changes=sorted(
            changes,
            key=lambda change: (not change.turned, bool(change.curves.control), -abs(change.moved), change.curves),
        ),
        same=len(common) - len(changes),
        gone=len(before) - len(common),
        new=len(after) - len(common),
        runs={name: values for name, values in runs.items() if values[0] != values[1]},
    )
