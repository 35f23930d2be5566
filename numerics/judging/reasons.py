"""A verdict in words: what was found, where, and what would decide what is undecided."""

from functools import partial

import numpy as np

from numerics.judging.assessment import Assessment
from numerics.judging.deciding import TURN_POINTS, samples_needed, sharpening, turn_beyond
from numerics.judging.horizons.planted import TESTED_BELOW
from numerics.judging.notes import Note
from numerics.judging.verdict import DEPARTS, HOLDS, NOT_APPLICABLE, OUTCOMES, Verdict
from theory.quantities import PEAK, Along

EVIDENCE = {"log_probability_slope": "exact slopes", "peak": "where values are largest"}
"""What a verdict rests on, where that is not the values of the curve themselves."""

POINTS: dict[Along, str] = {"strength": "strengths", "log_odds": "log-odds", "rank": "ranks"}


def verdict_of(assessment: Assessment, index: tuple[int, ...], law: str | None) -> Verdict:
    """One curve's verdict in words."""
    code = int(assessment.codes[index])
    least, most = float(assessment.least[index]), float(assessment.most[index])
    departure = None if code == NOT_APPLICABLE or np.isnan(most) else (least if code == DEPARTS else most)
    room = None if assessment.slack is None else _finite(assessment.slack[index])
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
        tolerance=float(assessment.tolerance[index]),
        relative=assessment.relative,
        exact=None if departure is None else least == 0,
        tested=None if departure is None else room is None or code == DEPARTS or room < TESTED_BELOW,
        slack=None if departure is None else room,
        horizon=_horizon(assessment, index),
        unit=assessment.claim.quantity.unit,
        evidence=assessment.evidence,
        witness=witness if departure and seen.any() else None,
        reason=_reason(assessment, index, code, departure, witness["strengths"]),
    )


def _reason(assessment: Assessment, index, code: int, departure: float | None, at: list[float]) -> str:
    note = assessment.notes[Note(int(assessment.note[index]))]
    if departure is None:
        return note
    unit = assessment.claim.quantity.unit
    where = f"{POINTS[assessment.claim.quantity.along]} {', '.join(f'{point:g}' for point in at)}"
    least, most = float(assessment.least[index]), float(assessment.most[index])
    if code == DEPARTS:
        text = f"no curve in the band comes closer than {least:.3g} {unit}; {where} rule it out"
    elif code == HOLDS:
        text = f"every curve in the band is within {most:.3g} {unit}"
        text += f", none within {least:.3g}" if least > 0 else ""
    elif most <= assessment.tolerance[index]:
        text = _wider(assessment, index)
    else:
        allowed = f"departures from {least:.3g} to {most:.3g} {unit}, widest at {where}"
        text = f"the band allows {allowed}; {_narrower(assessment, index)}"
    text = f"{text}; by {EVIDENCE[quantity]}" if (quantity := assessment.claim.quantity.id) in EVIDENCE else text
    return f"{text}; {note}" if note else text


def _horizon(assessment: Assessment, index: tuple[int, ...]) -> dict[str, list[float | None]] | None:
    """How far the claim holds on the curve, in strengths of either sign."""
    if "both" not in assessment.horizons:
        return None
    end = assessment.horizons["both"]
    return {"strength": [float(end.lower[index]), _finite(end.upper[index])]} if np.isfinite(end.lower[index]) else None


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _wider(assessment: Assessment, index: tuple[int, ...]) -> str:
    """What to do about a curve whose turning point is not in the window."""
    start, end = assessment.strengths[[0, -1]]
    text = f"the curve does not turn between {start:g} and {end:g}: widen the window until it does"
    if assessment.found is None or len(assessment.found.band.strengths) < TURN_POINTS:
        return text
    left, right = turn_beyond(assessment.found.band.columns([_number(assessment, index)]))[0]
    reach = [end for end in (left, right) if np.isfinite(end)]
    return f"{text}; its slope would vanish near {' or '.join(f'{end:.3g}' for end in reach)}" if reach else text


def _narrower(assessment: Assessment, index: tuple[int, ...]) -> str:
    """How much narrower a band about the same centre would decide."""
    width, keep = float(assessment.halfwidth[index]), _share_to_keep(assessment, index)
    if keep == 0:
        return "only bounds where the band has none would decide"
    if assessment.claim.quantity == PEAK:  # whose bands are steps of the grid of strengths
        around = [value for value in assessment.values[index] if np.isfinite(value)]
        finer = f"a grid {1 / (0.95 * keep):.2g} times as fine would decide"  # still so once rounded
        return f"{finer}, near {' and '.join(f'{value:.3g}' for value in around)}" if around else finer
    text = f"a band {100 * keep:.2g} % as wide would decide"
    if np.isfinite(width):
        text = f"a band of ±{0.95 * keep * width:.2g} there would decide (it is ±{width:.2g})"  # still so once rounded
    if assessment.evidence == "deterministic":
        return text
    if assessment.samples is None:
        return f"{text}, about {1 / keep**2:.1f} times the samples"
    return (
        f"{text}, about {samples_needed(assessment.samples, keep)} samples a strength instead of {assessment.samples}"
    )


def _share_to_keep(assessment: Assessment, index: tuple[int, ...]) -> float:
    """Of the band's width; read off the witness alone where the band is no longer at hand."""
    if assessment.found is not None:
        n, found = _number(assessment, index), assessment.found
        shape = partial(found.again, columns=[n])
        return float(sharpening(shape, found.band.columns([n]), float(assessment.tolerance[index])).keep[0])
    width, most = float(assessment.halfwidth[index]), float(assessment.most[index])
    tolerance, middle = float(assessment.tolerance[index]), (float(assessment.least[index]) + most) / 2
    return min(1.0, abs(tolerance - middle) / width) if width else 0.0


def _number(assessment: Assessment, index: tuple[int, ...]) -> int:
    return int(np.ravel_multi_index(index, assessment.codes.shape)) if index else 0
