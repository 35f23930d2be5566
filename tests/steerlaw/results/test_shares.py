"""Shares by context, pooled over claims, concepts and blocks, and their excess over controls."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from numerics.judging.shares import Share, tally
from steerlaw.inputs.subjects import Subject
from steerlaw.results.judging import Judged
from steerlaw.results.shares import holdings, interval, percent

CONTEXTS = [[n, n + 1] for n in range(12)]


def finding(law, holds, judged=None) -> Any:
    return SimpleNamespace(law=law, holding={"count": tally(np.asarray(holds, bool), judged=judged)})


def subject(layer=0, control=None, contexts=CONTEXTS):
    return Subject(model="model", layer=layer, control=control, contexts=contexts)


def drawn(share, seed, curves=50):
    return np.random.default_rng(seed).random((len(CONTEXTS), curves)) < share


def lines(*judged):
    return {(line.law, line.layer, line.control): line for line in holdings(Judged(*one) for one in judged)}


def test_shares_pool_blocks_and_claims_within_each_context():
    first, second, other = drawn(0.9, 0), drawn(0.2, 1, curves=10), drawn(0.5, 2)
    found = lines(
        (subject(0), finding("tilt", first)),
        (subject(0), finding("tilt", second)),
        (subject(2), finding("tilt", other)),
    )
    together = (first.sum(axis=1) + second.sum(axis=1)) / 60
    assert found["tilt", 0, None].share.share == pytest.approx(together.mean())
    everything = (first.sum(axis=1) + second.sum(axis=1) + other.sum(axis=1)) / 110
    assert found["tilt", None, None].share.share == pytest.approx(everything.mean())
    assert found["tilt", None, None].share.replicates == len(CONTEXTS)
    assert found["tilt", None, None].share.lower < everything.mean() < found["tilt", None, None].share.upper


def test_one_context_counts_once_however_many_curves_it_has():
    narrow = holdings([Judged(subject(contexts=CONTEXTS[:2]), finding("tilt", np.ones((2, 10_000))))])
    assert narrow[0].share.upper == pytest.approx(1.0)
    assert narrow[0].share.lower < 0.5


def test_an_excess_is_found_context_by_context_and_a_null_is_not():
    real, null, same = drawn(0.9, 0), drawn(0.2, 1), drawn(0.2, 2)
    found = lines(
        (subject(), finding("tilt", real)),
        (subject(control="random_direction"), finding("tilt", null)),
        (subject(), finding("derivative", same)),
        (subject(control="random_direction"), finding("derivative", null)),
    )
    shown, hidden = (found[law, None, None].excess["random_direction"] for law in ("tilt", "derivative"))
    assert shown.share.share == pytest.approx(real.mean() - null.mean())
    assert shown.share.lower > 0
    assert shown.level == 0.5  # one draw of the control, which the other exceeds
    assert shown.adjusted == 1
    assert hidden.share.lower < 0 < hidden.share.upper
    assert hidden.level == (0.5 if same.mean() > null.mean() else 1)
    assert not found["tilt", None, "random_direction"].excess


def test_blocks_together_are_not_compared_with_a_control_of_one_block():
    found = lines(
        (subject(0), finding("tilt", drawn(0.9, 0))),
        (subject(1), finding("tilt", drawn(0.1, 1))),
        (subject(1, control="random_weights"), finding("tilt", drawn(0.1, 2))),
    )
    assert not found["tilt", None, None].excess
    assert abs(found["tilt", 1, None].excess["random_weights"].share.share) < 0.1


def test_the_same_context_of_two_instances_is_two_replicates():
    found = lines(
        (replace(subject(), instance="one"), finding("tilt", drawn(0.9, 0))),
        (replace(subject(), instance="other"), finding("tilt", drawn(0.1, 1))),
        (replace(subject(), instance="one"), finding("derivative", drawn(0.9, 0))),
        (replace(subject(1), instance="one"), finding("derivative", drawn(0.1, 1))),
    )
    assert found["tilt", None, None].share.replicates == 2 * len(CONTEXTS)
    assert found["derivative", None, None].share.replicates == len(CONTEXTS)  # a block is no replicate


def test_only_contexts_judged_on_both_sides_are_compared():
    judged = np.ones((len(CONTEXTS), 50), bool)
    judged[:4] = False
    found = lines(
        (subject(), finding("tilt", drawn(1, 0))),
        (subject(control="random_weights"), finding("tilt", drawn(0, 0), judged)),
    )
    assert found["tilt", None, None].excess["random_weights"].share.replicates == 8
    assert found["tilt", None, None].excess["random_weights"].share.share == 1
    assert found["tilt", None, "random_weights"].share.replicates == 8
    turned = lines(
        (subject(), finding("tilt", drawn(1, 0), judged)),
        (subject(control="random_weights"), finding("tilt", drawn(0, 0))),
    )
    assert turned["tilt", None, None].excess["random_weights"] == found["tilt", None, None].excess["random_weights"]
    assert turned["tilt", None, None].excess["random_weights"].level == 0.5


def test_contexts_of_little_weight_count_as_much():
    def light(share: float) -> Any:
        obeys = drawn(share, 0, curves=3)
        return SimpleNamespace(law="tilt", holding={"probability": tally(obeys, np.full(obeys.shape, 0.01))})

    found = lines((subject(), light(1)), (subject(control="random_weights"), light(0)))["tilt", None, None]
    for share in (found.share, found.excess["random_weights"].share):
        assert share.share == pytest.approx(1)
        assert share.replicates == len(CONTEXTS)


def test_a_law_that_was_judged_nowhere_has_no_line():
    nothing = np.zeros((len(CONTEXTS), 3), bool)
    assert holdings([Judged(subject(), finding("tilt", nothing, judged=nothing))]) == []


def test_intervals_in_percent():
    share = holdings([Judged(subject(), finding("tilt", drawn(0.5, 3)))])[0].share
    value, bounds = interval(share, "+").split(" ", 1)
    assert float(value) == pytest.approx(100 * share.share, abs=0.6)
    assert value.startswith("+")
    assert bounds == f"[{100 * share.lower:.0f}, {100 * share.upper:.0f}]"


@pytest.mark.parametrize(
    ("share", "says"),
    [(0.0, "0"), (0.025, "2.5"), (0.0994, "9.9"), (0.0996, "10"), (0.5, "50"), (1.0, "100"), (-0.0251, "-2.5")],
)
def test_small_shares_are_written_to_a_tenth_of_a_percent(share, says):
    assert percent(share) == says
    assert percent(share, "+") == (says if share < 0 else f"+{says}")
    assert interval(Share(share=share, lower=-0.7, upper=1, replicates=9)) == f"{says} [-70, 100]"
