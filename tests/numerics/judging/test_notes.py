"""Every reason a curve may be given, by its number: words for each, and none chosen by its place."""

from string import Formatter

import numpy as np
import pytest

from numerics.judging.assessment import OF_SIDE, noted
from numerics.judging.notes import TEXTS, Note, lacking, note, turning_notes
from numerics.judging.prediction import TurnSide
from theory.catalogue import laws


@pytest.mark.parametrize("kind", Note)
def test_every_note_has_words_of_its_own_that_fit_on_a_line(kind: Note):
    fields = {name: 0.5 for _, name, _, _ in Formatter().parse(TEXTS[kind]) if name}
    ((same, words),) = note(kind, **fields).items()
    assert same == kind
    assert "{" not in words
    assert "\n" not in words
    assert bool(words) == (kind != Note.NOTHING)
    assert [other for other, text in TEXTS.items() if text == TEXTS[kind]] == [kind]


def test_every_side_has_a_note():
    assert set(OF_SIDE) == set(TurnSide)
    sides = np.array([[side] for side in TurnSide])
    assert noted(sides).ravel().tolist() == [OF_SIDE[side] for side in TurnSide]


def test_turning_points_are_named_by_the_shape():
    told = turning_notes(laws()["token_bump"].claims[0], -2.0, 3.0)
    assert told[Note.TURNS_AFTER] == "judged as rising: its peak is predicted beyond the window, at a strength above 3"
    assert told[Note.TURNS_BEFORE] == (
        "judged as falling: its peak is predicted before the window, at a strength below -2"
    )
    assert told[Note.TURN_UNKNOWN] == "where its peak lies is not predicted"


def test_what_is_lacking_is_named():
    assert lacking("log_odds") == {Note.LACKING: "needs log_odds, which is not given"}
    assert lacking("log_probs") == {Note.LACKING: "needs log_probs, which are not given"}
