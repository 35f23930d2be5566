"""The report: what was derived, what was found, where and by how much; as Python, JSON, a page and figures."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from numerics.judging.predicted_numbers import gaps
from numerics.judging.shares import Share
from numerics.judging.sweeps import Finding
from numerics.judging.verdict import OUTCOMES, Verdict
from steerlaw.inputs.subjects import Observation, Subject
from steerlaw.results.findings import BlockFinding
from steerlaw.results.shares import Excess, Holding
from theory.law import Law

if TYPE_CHECKING:
    import pandas as pd

CONTROLS = {
    "random_direction": "random direction",
    "permuted_log_odds": "permuted log-odds",
    "random_weights": "random weights",
}


class Line(NamedTuple):
    """A line of the summary table: a law on a group of models, its counts, the share that holds, context by context.

    Of models themselves also by how much that share exceeds a random direction's, and the worst departure in words.
    """

    law: str
    model: str
    control: str | None
    counts: dict[str, int]
    share: Share | None
    excess: Excess | None
    worst: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything one run of `verify` found.

    `verdicts` holds one record a claim and observation: its worst single verdict in full, and counts over all its
    curves. `shares` are what each law scores on each model beside its controls; `quantities` are numbers predicted
    beside numbers observed; `findings` are what the paper saw language models do, block by block; `observations` are
    the sweeps that were judged, for the figures.
    """

    run: dict[str, Any]
    derivations: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]
    shares: Sequence[Holding] = ()
    quantities: Sequence[dict[str, Any]] = ()
    findings: Sequence[BlockFinding] = ()
    observations: Sequence[Observation] = ()

    @property
    def derivations_checked(self) -> bool:
        """Whether every derivation step that a machine can check was checked."""
        return all(d["derivation"] == "checked" for d in self.derivations)

    @property
    def departs(self) -> bool:
        """Whether a law departs anywhere outside the controls."""
        return any(v["verdict"] == "departs" and v["subject"]["control"] is None for v in self.verdicts)

    @property
    def derivation_line(self) -> str:
        """How many derivations and steps were checked, in one line."""
        steps = {kind: sum(d["steps"][kind] for d in self.derivations) for kind in STEP_KINDS}
        checked = sum(d["derivation"] == "checked" for d in self.derivations)
        return (
            f"{checked} of {len(self.derivations)} derivations checked; by machine {steps['identity']} identities, "
            f"{steps['inequality']} inequalities and {steps['limit']} limits; {steps['argued']} steps argued."
        )

    def summary(self) -> dict[str, dict[str, dict[str, int]]]:
        """Verdicts counted by law and model; a control is named after its model, `MODEL+CONTROL`."""
        table: dict[str, dict[str, dict[str, int]]] = {d["id"]: {} for d in self.derivations}
        for record in self.verdicts:
            subject = record["subject"]
            name = "+".join(filter(None, (subject["model"], subject["control"])))
            _add(table[record["law"]].setdefault(name, dict.fromkeys(OUTCOMES, 0)), record["counts"])
        return table

    def table(self) -> Iterator[Line]:
        """The summary for people: models of one kind together, each followed by its controls; none without curves."""
        groups: dict[tuple[str, str, str | None], dict[str, int]] = {}
        worst: dict[tuple[str, str, str | None], dict[str, Any]] = {}
        for record in sorted(self.verdicts, key=lambda v: v["law"]):
            subject = record["subject"]
            key = (record["law"], subject["model"].split("/")[0], subject["control"])
            _add(groups.setdefault(key, dict.fromkeys(OUTCOMES, 0)), record["counts"])
            if subject["control"] is None and record["verdict"] == "departs" and _size(record) > _size(worst.get(key)):
                worst[key] = record
        whole = {(h.law, h.model, h.control): h for h in self.shares if h.layer is None and h.weighing == "count"}
        for key, counts in groups.items():
            if not any(counts.values()):
                continue
            found, held = worst.get(key), whole.get(key)
            share, excess = (held.share, held.excess.get("random_direction")) if held else (None, None)
            yield Line(*key, counts, share, excess, "" if found is None else f"{amount(found)}: {place(found)}")

    def to_json(self) -> dict[str, Any]:
        """The document of report.json."""
        from steerlaw import __version__

        return {
            "schema": 1,
            "steerlaw": __version__,
            "run": self.run,
            "laws": self.derivations,
            "verdicts": self.verdicts,
            "quantities": list(self.quantities),
            "shares": [holding.to_json() for holding in self.shares],
            "findings": [finding.to_json() for finding in self.findings],
            "summary": self.summary(),
        }

    def to_dataframe(self) -> "pd.DataFrame":
        """The verdict records as a flat table."""
        import pandas as pd

        return pd.json_normalize(self.verdicts)

    def write(self, directory: str | Path) -> None:
        """Write figures/, report.html and report.json into `directory`, each file whole or not at all."""
        from steerlaw.rendering.writing import write_report

        write_report(self, Path(directory))


STEP_KINDS = ("identity", "inequality", "limit", "argued")


def verdict_record(subject: Subject, finding: Finding) -> dict[str, Any]:
    """An entry of `verdicts` in report.json."""
    token, shares = finding.where.get("token"), {"count": finding.shares, "mass": finding.mass_shares}
    return {
        **finding.worst.to_json(),
        "subject": {
            "model": subject.name,
            "control": subject.control,
            "layer": subject.layer,
            "context": finding.where.get("context"),
            "quantity": finding.quantity,
            "token": None if token is None else {"id": token, "text": _text(subject, int(token))},
            "concept": finding.where.get("concept", subject.concept),
        },
        "counts": finding.counts,
        "shares": {kind: _finite(values) for kind, values in shares.items()},
    }


def quantity_records(observation: Observation) -> Iterator[dict[str, Any]]:
    """Entries of `quantities` in report.json: what the laws predict of this observation as numbers."""
    if observation.baseline is None or observation.kind == "limit":
        return
    subject = observation.subject
    for gap in gaps(observation.sweep, observation.baseline):
        yield {
            "model": subject.name,
            "layer": subject.layer,
            "concept": subject.concept,
            "control": subject.control,
            **asdict(gap),
        }


def curve_record(subject: Subject, law: Law, verdict: Verdict) -> dict[str, Any]:
    """An entry of `verdicts` for a law judged on one bare curve."""
    place = dict.fromkeys(("layer", "context", "token", "concept", "control"))
    return {
        **verdict.to_json(),
        "law": law.id,
        "subject": {"model": subject.name, "quantity": law.claims[0].quantity.id, **place},
        "counts": {outcome: int(outcome == verdict.verdict) for outcome in OUTCOMES},
        "shares": None,
    }


def amount(record: dict[str, Any]) -> str:
    """The size of a departure with its unit."""
    return f"{record['departure']:.3g} {record['unit'].replace('_', ' ')}"


def where(record: dict[str, Any]) -> str:
    """The curve a verdict is about, in words."""
    subject = record["subject"]
    parts = (subject["model"].split("/")[0], CONTROLS.get(subject["control"]), place(record))
    return ", ".join(filter(None, parts))


def place(record: dict[str, Any]) -> str:
    """Where in its model the curve of a verdict is."""
    subject = record["subject"]
    _, _, instance = subject["model"].partition("/")
    token, layer, context = subject["token"], subject["layer"], subject["context"]
    parts = [
        instance or (None if layer is None else f"layer {layer}"),
        subject["concept"],
        None if context is None else f"context {context}",
        None if token is None else f"token {token['text']!r}" if token["text"] else f"token {token['id']}",
    ]
    return ", ".join(part for part in parts if part)


def _text(subject: Subject, token: int) -> str:
    return subject.token_text(token) if subject.token_text else ""


def _finite(shares: dict[str, float] | None) -> dict[str, float] | None:
    """Shares as JSON can hold them; None where the claim applied to nothing."""
    return None if shares is None or any(x != x for x in shares.values()) else shares


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for outcome in OUTCOMES:
        counts[outcome] += more[outcome]


def _size(record: dict[str, Any] | None) -> float:
    return -1.0 if record is None else record["departure"] or 0.0
