"""Everything one run found: what was derived, what holds, where it departs and by how much; and report.json."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from numerics.judging.verdict import OUTCOMES
from steerlaw.inputs.subjects import Control, Observation
from steerlaw.results.claims import ClaimHolding
from steerlaw.results.derivations import STEP_KINDS, Derivation
from steerlaw.results.directions import Standing
from steerlaw.results.exploring.explored import Explored
from steerlaw.results.findings import BlockFinding
from steerlaw.results.lines import Line
from steerlaw.results.pictures import CurvePicture
from steerlaw.results.predicted_rows import PredictedRow
from steerlaw.results.provenance import RunRecord
from steerlaw.results.reaching.limits import LimitRow
from steerlaw.results.reaching.rows import HorizonRow
from steerlaw.results.reference_verdicts import TokenRow
from steerlaw.results.reported.matrix import Cell, reported_json
from steerlaw.results.verdict_rows import Counts, Place, VerdictRow, total
from steerlaw.results.whole_texts import TextRow

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything one run of `verify` found.

    `verdicts` holds one row a claim and observation: its worst single verdict in full, and counts over all its
    curves. `lines` sum them up, a claim and a model each; `shares` are what each claim scores on each model beside
    its controls; `directions` where each vector ranks among others; `horizons` are how far each holds, block by block,
    and `limits` how far out the limit at infinite strength is; `quantities` are numbers predicted beside numbers
    observed; `findings` are what the paper saw language models do, block by block; `reported` is what other papers
    claim, where that was asked; `texts` are whole texts, predicted and observed; `observations` are the sweeps that
    were judged, for the figures; `explored` are the curves that a reader of the page may ask of any token; `pictures`
    are of each claim's best and worst curves; `tokens` are the single verdicts on curves of tokens from other people's
    results.
    """

    run: RunRecord
    derivations: Sequence[Derivation]
    verdicts: Sequence[VerdictRow]
    lines: Sequence[Line] = ()
    shares: Sequence[ClaimHolding] = ()
    directions: Sequence[Standing] = ()
    horizons: Sequence[HorizonRow] = ()
    limits: Sequence[LimitRow] = ()
    quantities: Sequence[PredictedRow] = ()
    findings: Sequence[BlockFinding] = ()
    reported: Sequence[Cell] = ()
    texts: Sequence[TextRow] = ()
    observations: Sequence[Observation] = ()
    explored: Sequence[Explored] = ()
    pictures: Sequence[CurvePicture] = ()
    tokens: Sequence[TokenRow] = ()

    @property
    def derivations_checked(self) -> bool:
        """Whether every derivation step that a machine can check was checked."""
        return all(d.status == "checked" for d in self.derivations)

    @property
    def departs(self) -> bool:
        """Whether a law departs anywhere outside the controls."""
        return any(row.verdict.verdict == "departs" and row.place.control is None for row in self.verdicts)

    @property
    def derivation_line(self) -> str:
        """How many derivations and steps were checked, in one line."""
        distinct = {step for derivation in self.derivations for step in derivation.proof}
        steps = {kind: sum(step.kind == kind for step in distinct) for kind in STEP_KINDS}
        checked = sum(d.status == "checked" for d in self.derivations)
        return (
            f"{checked} of {len(self.derivations)} derivations checked; by machine {steps['identity']} identities, "
            f"{steps['inequality']} inequalities and {steps['limit']} limits; {steps['argued']} steps argued."
        )

    def summary(self) -> dict[str, dict[str, Counts]]:
        """Verdicts counted by law and model; a control is named after its model, `MODEL+CONTROL`."""
        names = _names(row.place for row in self.verdicts)
        table: dict[str, dict[str, Counts]] = {d.id: {} for d in self.derivations}
        nothing: Counts = dict.fromkeys(OUTCOMES, 0)
        for row in self.verdicts:
            models, name = table[str(row.verdict.law)], names[_who(row.place)]
            models[name] = total([models.get(name, nothing), row.counts])
        return table

    def to_json(self, notes: Sequence[str] = ()) -> dict[str, Any]:
        """The document of report.json; `notes` say what went wrong after the verdicts were there."""
        return {
            "schema": 2,
            "steerlaw": version("steerlaw"),
            "run": self.run.to_json(),
            "laws": [derivation.to_json() for derivation in self.derivations],
            "verdicts": [row.to_json() for row in self.verdicts],
            "quantities": [row.to_json() for row in self.quantities],
            "shares": [holding.to_json() for holding in self.shares],
            "directions": [standing.to_json() for standing in self.directions],
            "horizons": [row.to_json() for row in self.horizons],
            "limits": [row.to_json() for row in self.limits],
            "findings": [finding.to_json() for finding in self.findings],
            "reported": reported_json(self.reported),
            "texts": [row.to_json() for row in self.texts],
            "summary": self.summary(),
            "notes": list(notes),
        }

    def to_dataframe(self) -> "pd.DataFrame":
        """The verdict rows as a flat table."""
        import pandas as pd

        return pd.json_normalize([row.to_json() for row in self.verdicts])


Who = tuple[str, str | None, Control | None]


def _who(place: Place) -> Who:
    return place.model, place.instance, place.control


def _names(places: Iterable[Place]) -> dict[Who, str]:
    """The name of each model and control; where two would share one, the later are numbered."""
    names: dict[Who, str] = {}
    for place in places:
        if (who := _who(place)) not in names:
            plain = "+".join(filter(None, (place.name, place.control)))
            taken, number = set(names.values()), 1
            while (name := plain if number == 1 else f"{plain} ({number})") in taken:
                number += 1
            names[who] = name
    return names
