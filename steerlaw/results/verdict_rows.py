"""A row of the report: one claim on everything observed of one subject, its worst curve in full."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from numerics.judging.sweeps import Finding, LogOdds
from numerics.judging.verdict import OUTCOMES, Outcome, Verdict
from steerlaw.inputs.subjects import Control, Subject, full_name

Counts = dict[Outcome, int]
"""Single verdicts by outcome; every outcome is there."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token of a model's vocabulary; `text` is empty where it is not known."""

    id: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which curve a verdict is about: of which model, and where in it."""

    model: str
    instance: str | None = None
    control: Control | None = None
    layer: int | None = None
    context: int | None = None
    quantity: str
    token: Token | None = None
    concept: str | None = None

    @property
    def name(self) -> str:
        """The model and which of its instances, to be shown."""
        return full_name(self.model, self.instance)

    def to_json(self) -> dict[str, Any]:
        """As `subject` of a verdict in report.json, where `model` is the whole name; of a control there is one draw."""
        return asdict(self) | {"model": self.name, "draw": None if self.control is None else 0}


@dataclass(frozen=True, kw_only=True)
class VerdictRow:
    """A claim judged on one subject: the verdict on its worst curve, where that is, and counts over all curves.

    `shares` are of the curves that the claim applies to, by `count` and by base probability (`mass`); None where there
    are none; `untested` counts the curves that hold because nothing like them could have broken the claim; `log_odds`
    says whose predicted it (None: the claim reads none, or there are no two). A row can be read like its entry of
    report.json: `row["verdict"]` is `row.to_json()["verdict"]`.
    """

    verdict: Verdict
    place: Place
    counts: Counts
    shares: Mapping[str, Mapping[str, float] | None] | None = None
    untested: int = 0
    log_odds: LogOdds | None = None

    def to_json(self) -> dict[str, Any]:
        """As an entry of `verdicts` in report.json."""
        shares = None if self.shares is None else {name: share and dict(share) for name, share in self.shares.items()}
        about: dict[str, Any] = {"subject": self.place.to_json(), "counts": dict(self.counts), "shares": shares}
        about |= {"untested": self.untested, "log_odds": self.log_odds}
        return {**self.verdict.to_json(), **about}

    def __getitem__(self, name: str) -> Any:
        return self.to_json()[name]


def verdict_row(subject: Subject, finding: Finding) -> VerdictRow:
    """The row of a claim that was judged on a sweep of the subject."""
    token = finding.where.get("token")
    shares = {"count": finding.shares, "mass": finding.mass_shares}
    return VerdictRow(
        verdict=finding.worst,
        place=Place(
            model=subject.model,
            instance=subject.instance,
            control=subject.control,
            layer=subject.layer,
            context=_number(finding.where.get("context")),
            quantity=finding.quantity,
            token=None if token is None else Token(id=int(token), text=_text(subject, int(token))),
            concept=_word(finding.where.get("concept", subject.concept)),
        ),
        counts={outcome: finding.counts[outcome] for outcome in OUTCOMES},
        shares={kind: _finite(values) for kind, values in shares.items()},
        untested=finding.untested,
        log_odds=finding.log_odds,
    )


def counted(outcomes: Iterable[Outcome]) -> Counts:
    """How often each outcome occurs."""
    found = Counter(outcomes)
    return {outcome: found[outcome] for outcome in OUTCOMES}


def total(counts: Iterable[Mapping[Outcome, int]]) -> Counts:
    """The sum of counts, outcome by outcome."""
    rows = list(counts)
    return {outcome: sum(row[outcome] for row in rows) for outcome in OUTCOMES}


def _text(subject: Subject, token: int) -> str:
    return subject.token_text(token) if subject.token_text else ""


def _number(value: int | str | None) -> int | None:
    return None if value is None else int(value)


def _word(value: int | str | None) -> str | None:
    return None if value is None else str(value)


def _finite(shares: dict[str, float] | None) -> dict[str, float] | None:
    """Shares as JSON can hold them; None where the claim applied to nothing."""
    return None if shares is None or any(x != x for x in shares.values()) else shares
