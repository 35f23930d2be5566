"""Why a curve was judged as it was, or not at all: every reason there is, and its words."""

from enum import IntEnum

from theory.claims import Claim, Turns


class Note(IntEnum):
    """What is to be said of a curve beside its departures; arrays of notes hold these numbers."""

    NOTHING = 0
    TURNS_AFTER = 1
    TURNS_BEFORE = 2
    TURN_UNKNOWN = 3
    UNMET = 4
    UNPREDICTED = 5
    SILENT = 6
    UNREACHED = 7
    OUTSIDE = 8
    FEW_POINTS = 9
    LACKING = 10
    OTHER_QUANTITY = 11
    UNPLACED = 12
    UNOBSERVED = 13
    NO_PROBABILITY = 14
    ITSELF = 15


TEXTS: dict[Note, str] = {
    Note.NOTHING: "",
    Note.TURNS_AFTER: "judged as {before}: its {point} is predicted beyond the window, at a strength above {end:g}",
    Note.TURNS_BEFORE: "judged as {after}: its {point} is predicted before the window, at a strength below {start:g}",
    Note.TURN_UNKNOWN: "where its {point} lies is not predicted",
    Note.UNMET: "condition unmet: {condition}",
    Note.UNPREDICTED: "the prediction is not finite here",
    Note.SILENT: "the law says nothing of this curve",
    Note.UNREACHED: "the limit's proved remainder is nowhere below half the tolerance ({half:.2g}) in the window; "
    "{mend}",
    Note.OUTSIDE: "no {abscissa} of the window lies in the claim's domain; {mend}",
    Note.FEW_POINTS: "only {count} points of a curve lie in the claim's domain, {needed} are needed",
    Note.LACKING: "needs {what}, which {verb} not given",
    Note.OTHER_QUANTITY: "the values given are of {given}; this claim is about {wanted}",
    Note.UNPLACED: "needs token=ID: which token's curve this is cannot be told from its value at strength 0",
    Note.UNOBSERVED: "{missing}",
    Note.NO_PROBABILITY: "a judge's answers about several completions are no probability",
    Note.ITSELF: "a token compared with itself is no curve",
}

Notes = dict[Note, str]
"""The notes that may be made of some curves, in words."""


def note(kind: Note, **details: object) -> Notes:
    """A note and its words."""
    return {kind: TEXTS[kind].format(**details)}


def lacking(field: str) -> Notes:
    """The note of a prediction that lacks a field of the baseline, or several."""
    return note(Note.LACKING, what=field, verb="are" if field.startswith("log_probs") else "is")


def turning_notes(claim: Claim, start: float, end: float) -> Notes:
    """What to say of curves whose turning point is not in the window, or not predicted."""
    names = {"rising": ("rising", "falling", "peak"), "falling": ("falling", "rising", "minimum")}
    first = claim.first if isinstance(claim, Turns) else ""
    before, after, point = names.get(first, ("monotone", "monotone", "turning point"))  # pyright: ignore
    return (
        note(Note.NOTHING)
        | note(Note.TURNS_AFTER, before=before, point=point, end=end)
        | note(Note.TURNS_BEFORE, after=after, point=point, start=start)
        | note(Note.TURN_UNKNOWN, point=point)
    )
