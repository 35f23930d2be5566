"""Every reported claim: complete, obeyed by its example, and flagged by its counterexample through the whole path."""

import re

import numpy as np
import pytest

import theory.reported
from numerics.reported.deciding import decide
from numerics.reported.statistics import STATISTICS, number
from planted_claims import blocks_of
from theory.reported import reported

CLAIMS = reported()
CONTEXTS = 16
every_claim = pytest.mark.parametrize("claim", CLAIMS.values(), ids=list(CLAIMS))


def test_the_files_are_the_claims():
    from pathlib import Path

    files = {path.stem for path in Path(theory.reported.__path__[0]).glob("[!_]*.py")}
    assert set(CLAIMS) == files
    assert all(claim.id == name for name, claim in CLAIMS.items())


@every_claim
def test_it_says_where_it_is_from_and_what_it_is_worth(claim):
    assert re.search(r"arXiv \d{4}\.\d{5}|\(.*20\d\d.*\)", claim.source)
    assert all(len(text.split()) >= 12 for text in (claim.claim, claim.asked, claim.power))
    assert claim.least < claim.most
    assert claim.statistic in STATISTICS


@every_claim
def test_its_example_holds_and_its_counterexample_is_flagged(claim):
    numbers = [
        np.full(CONTEXTS, number(claim.statistic, blocks_of(planted)))
        for planted in (claim.example, claim.counterexample)
    ]
    found = decide(numbers, [(claim.least, claim.most)] * 2)
    assert [one.answer for one in found] == ["holds", "departs"]


@every_claim
def test_a_context_that_shows_nothing_is_not_asked(claim):
    assert np.isnan(number(claim.statistic, []))


def test_an_unknown_statistic_is_named():
    with pytest.raises(ValueError, match="statistic 'guess': expected one of push"):
        number("guess", [])
