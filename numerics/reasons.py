"""A verdict in words: what was found, where, and what would decide what is undecided."""

import numpy as np

from numerics.assess import Assessment
from numerics.verdict import HOLDS, NOT_APPLICABLE, OUTCOMES, Verdict
from theory.quantities import Along

POINTS: dict[Along, str] = {"strength": "strengths", "log_odds": "log-odds", "rank": "ranks"}


def verdict_of(assessment: Assessment, index: tuple[int, ...], law: str | None) -> Verdict:
    """One curve's verdict in words."""
    code = int(assessment.codes[index])
    least, most = float(assessment.least[index]), float(assessment.most[index])
    departure = None if code == NOT_APPLICABLE or np.isnan(most) else (least if least > 0 else most)
    points = assessment.witness[index]
    seen = (points >= 0) & np.isfinite(assessment.values[index])
    witness = {
        "strengths": assessment.strengths[points[seen]].tolist(),
        "values": assessment.values[index][seen].tolist(),
    }
    return Verdict(
        law=law,
        claim=assessment.claim.says,
        verdict=OUTCOMES[code],
        departure=departure,
        tolerance=assessment.tolerance,
        unit=assessment.claim.quantity.unit,
        evidence=assessment.evidence,
        witness=witness if departure and seen.any() else None,
        reason=_reason(assessment, index, code, departure, witness["strengths"]),
    )


def _reason(assessment: Assessment, index, code: int, departure: float | None, at: list[float]) -> str:
    note = assessment.notes[int(assessment.note[index])]
    if departure is None:
        return note
    unit = assessment.claim.quantity.unit
    where = f"{POINTS[assessment.claim.quantity.along]} {', '.join(f'{point:g}' for point in at)}"
    tolerance, most = assessment.tolerance, float(assessment.most[index])
    least = float(assessment.least[index])
    if least > 0:
        text = f"no curve in the band comes closer than {least:.3g} {unit}; {where} rule it out"
    elif code == HOLDS:
        text = f"every curve in the band is within {most:.3g} {unit}"
    elif most <= tolerance:
        start, end = assessment.strengths[[0, -1]]
        text = f"the curve does not turn between {start:g} and {end:g}: widen the window until it does"
    else:
        width = float(assessment.halfwidth[index])
        enough = max(most - width, tolerance - (most - width))
        narrower = f"a band of ±{enough:.2g} there would decide (it is ±{width:.2g})"
        if assessment.evidence == "statistical" and 0 < enough < width:
            narrower += f", about {(width / enough) ** 2:.0f} times the samples"
        text = f"the band allows departures from 0 to {most:.3g} {unit}, widest at {where}; {narrower}"
    return f"{text}; {note}" if note else text
