"""A report.json read back: its verdicts and the record of its run, held to what this program needs of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numerics.files.text import read_json
from numerics.judging.verdict import OUTCOMES

SCHEMAS = (1, 2)


@dataclass(frozen=True, order=True, kw_only=True)
class Curves:
    """Which curves a row judges, by which claim: what two reports have in common."""

    law: str
    claim: str
    model: str
    control: str
    layer: int
    concept: str
    quantity: str


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A row's verdict, and the share of its curves that hold (None where the claim applies to none)."""

    verdict: str
    holds: float | None


@dataclass(frozen=True, kw_only=True)
class ReadReport:
    """What was judged, and `run`: what it was judged with, a value a name."""

    path: Path
    rows: Mapping[Curves, Judged]
    run: Mapping[str, str]

    @property
    def models(self) -> set[str]:
        """The models, those of controls included."""
        return {curves.model for curves in self.rows}


def read_report(path: str | Path) -> ReadReport:
    """The report in a file, or in report.json of a directory; a `ValueError` names what is no report in it."""
    path = Path(path)
    path = path / "report.json" if path.is_dir() else path
    content = read_json(path)
    if not isinstance(content, dict) or content.get("schema") not in SCHEMAS:
        schemas = " or ".join(map(str, SCHEMAS))
        raise ValueError(f"{path}: expected a report of schema {schemas}, as `steerlaw verify` writes it")
    verdicts, run = content.get("verdicts"), content.get("run")
    if not isinstance(verdicts, list) or not isinstance(run, dict):
        raise ValueError(f"{path}: lacks 'verdicts' or 'run', expected a report as `steerlaw verify` writes it")
    rows = dict(_row(row, f"{path}: verdict {number}") for number, row in enumerate(verdicts))
    return ReadReport(path=path, rows=rows, run=dict(_run(run)))


def _row(row: Any, where: str) -> tuple[Curves, Judged]:
    subject = row.get("subject") if isinstance(row, dict) else None
    if not isinstance(subject, dict):
        raise ValueError(f"{where}: expected an object with a subject")
    text = {name: _text(source, name, where) for source, name in ((row, "law"), (row, "claim"), (subject, "model"))}
    more = {name: _text(subject, name, where, missing=True) for name in ("control", "concept", "quantity")}
    layer, verdict = subject.get("layer"), row.get("verdict")
    if not (layer is None or (isinstance(layer, int) and 0 <= layer < 10**6)):
        raise ValueError(f"{where}: layer is {layer!r}, expected the number of a block or null")
    if verdict not in OUTCOMES:
        raise ValueError(f"{where}: verdict is {str(verdict)[:40]!r}, expected one of {', '.join(OUTCOMES)}")
    return Curves(**text, **more, layer=-1 if layer is None else layer), Judged(verdict=verdict, holds=_held(row))


def _text(source: dict[str, Any], name: str, where: str, *, missing: bool = False) -> str:
    value = source.get(name)
    if value is None and missing:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{where}: {name} is {str(value)[:40]!r}, expected a text")
    return value


def _held(row: dict[str, Any]) -> float | None:
    """The share of the curves judged that hold, of those to which the claim applies."""
    counts = row.get("counts")
    if not isinstance(counts, dict):
        return None
    numbers = [n for n in map(counts.get, OUTCOMES[:-1]) if isinstance(n, int) and n >= 0]
    whole = len(numbers) == len(OUTCOMES) - 1 and sum(numbers) > 0
    return counts["holds"] / sum(numbers) if whole else None


def _run(run: dict[str, Any]) -> Any:
    """The run's settings, a line each; when it was started is no setting."""
    for name, value in run.items():
        if isinstance(value, dict):
            yield from ((f"{name} {inner}", str(what)) for inner, what in value.items())
        elif name != "started":
            yield name, str(value)
