"""The best and the worst curve of a claim are those, they are drawn as they were observed, and say how far it holds."""

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax

from numerics.baseline import Baseline
from numerics.observing.grids import strength_grid
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.watched import Watched
from steerlaw.inputs.subjects import Observation, Subject
from steerlaw.rendering.page.pictures import HEIGHT, MARGIN, WIDTH, curve_picture, described
from steerlaw.results.judging import in_brief, judged
from steerlaw.results.pictures import POINTS, CurvePicture, curve_pictures
from theory.catalogue import find_law

VOCAB, CONTEXTS, KEPT = 10, [[1], [2], [3]], 4
BASE, ODDS = np.random.default_rng(7).standard_normal((2, 3, VOCAB))


class Stopping:
    """Logits that are affine in the strength up to 1 for the first context, 2 for the second, ..., and then stand."""

    name, vocab_size = "stopping", VOCAB

    def logits(self, tokens, strengths, *, layer, vector):
        context = tokens[0] - 1
        reach = np.clip(np.asarray(strengths), -tokens[0], tokens[0])[:, None]
        return BASE[context] + reach * 3 * ODDS[context]


@pytest.fixture(scope="module")
def observation():
    model: Any = Stopping()
    sweep = observe_next_token(
        model,
        CONTEXTS,
        strength_grid(6.0, 65),
        Steering(layer=2, vector=np.ones(1)),
        Watched(tokens=np.arange(KEPT), log_odds=3 * ODDS[0]),
        attributes={"push": 0.5},
    )
    baseline = Baseline(log_probs=log_softmax(BASE, axis=1), log_odds=3 * ODDS[0], local_log_odds=3 * ODDS)
    subject = Subject(model="m", layer=2, concept="c", contexts=CONTEXTS, push=0.5, token_text=lambda t: f"w{t}")
    return Observation(subject=subject, kind="next token", sweep=sweep, baseline=baseline)


@pytest.fixture(scope="module")
def findings(observation):
    return [one.finding for one in judged(observation, [find_law("tilt")], None)]


def test_best_and_worst_are_of_their_claim(observation, findings):
    """Of the local tilt, the context that stands last is best; the worst curve departs by the most."""
    pictures = curve_pictures([(observation, finding) for finding in findings])
    assert {(one.claim, one.which) for one in pictures} == {(f.claim, w) for f in findings for w in ("best", "worst")}
    local = {one.which: one for one in pictures if "local" in one.claim}
    (finding,) = (one for one in findings if one.log_odds == "local")
    context, token = np.unravel_index(np.argmax(finding.departures), finding.departures.shape)
    worst, best = local["worst"], local["best"]
    assert worst.place == f"block 2, c, context {context}, token 'w{token}'"
    assert worst.witness
    assert best.place.startswith("block 2, c, context 2")
    assert best.horizon is not None
    assert 3 <= best.horizon[0] <= best.horizon[1]
    table = observation.sweep.data["log_probability"].transpose("context", "token", "strength").to_numpy()
    shown = np.interp(worst.at, observation.sweep.strengths, table[context, token])
    assert (worst.lower <= shown + 1e-6).all()
    assert (worst.upper >= shown - 1e-6).all()
    assert len(worst.at) <= POINTS


def test_controls_and_what_applies_to_nothing_have_no_picture(observation, findings):
    control = replace(observation, subject=replace(observation.subject, control="random_direction"))
    assert curve_pictures([(control, finding) for finding in findings]) == []
    none = [replace(finding, verdicts=np.full_like(finding.verdicts, 3)) for finding in findings]
    assert curve_pictures([(observation, finding) for finding in none]) == []


def test_findings_in_brief_give_the_same_pictures_and_those_of_controls_keep_no_horizons(observation, findings):
    brief = [in_brief(one).finding for one in judged(observation, [find_law("tilt")], None)]
    for one, other in zip(
        *(curve_pictures([(observation, f) for f in some]) for some in (findings, brief)), strict=True
    ):
        assert (one.place, one.horizon, one.which) == (other.place, other.horizon, other.which)
        assert (one.lower.tolist(), one.upper.tolist()) == (other.lower.tolist(), other.upper.tolist())
    assert all(set(one.horizons) == {"both"} and one.nats is one.mass is one.skill is None for one in brief)
    control = replace(observation, subject=replace(observation.subject, control="random_direction"))
    assert all(not in_brief(one).finding.horizons for one in judged(control, [find_law("tilt")], None))


def test_a_curve_that_no_table_holds_is_left_out(observation):
    """Shapes are judged on the whole vocabulary, of which a table holds some tokens; here nothing holds the others."""
    shapes = [one.finding for one in judged(observation, [find_law("token_bump")], None)]
    kept = curve_pictures([(observation, finding) for finding in shapes])
    every = {(f.claim, w) for f in shapes if (f.verdicts != 3).any() for w in ("best", "worst")}
    assert {(one.claim, one.which) for one in kept} <= every
    assert all(int(re.findall(r"'w(\d+)'", one.place)[0]) < KEPT for one in kept)


FINITE = st.floats(-1e6, 1e6, allow_nan=False)


@given(
    st.lists(FINITE, min_size=2, max_size=9, unique=True),
    st.lists(FINITE, min_size=9, max_size=9),
    st.one_of(st.none(), st.tuples(st.floats(0, 1e6), st.floats(0, np.inf))),
    st.lists(st.tuples(FINITE, FINITE), max_size=3),
    st.text(max_size=8),
)
def test_a_picture_stays_in_its_frame(at, values, horizon, witness, name):
    """Well-formed whatever it is called, its lines and rings inside, one ring a point of the witness."""
    at, lower = np.sort(np.array(at)), np.array(values[: len(at)])
    picture = CurvePicture(
        law="l", claim="c", model=name, which="worst", quantity="q", along="strength", at=at,
        lower=lower, upper=lower + 1, horizon=horizon, witness=tuple(witness),
    )  # fmt: skip
    svg = ElementTree.fromstring(curve_picture(replace(picture, model=re.sub(r"[^\w ]", "", name))))
    (line,) = (one for one in svg.iter() if one.attrib.get("class") == "curve")
    points = np.array([point.split(",") for point in line.attrib["points"].split()], float)
    assert len(points) == (2 if line.tag == "polygon" else 1) * len(at)
    rings = np.array([(ring.attrib["cx"], ring.attrib["cy"]) for ring in svg.iter("circle")], float).reshape(-1, 2)
    assert len(rings) == len(witness)
    for x, y in (*points, *rings):
        assert MARGIN <= x <= WIDTH - MARGIN
        assert MARGIN <= y <= HEIGHT - MARGIN
    assert not list(svg.iter("text"))
    assert ("holds up to" in described(picture)) == (horizon is not None and np.isfinite(horizon[1]))


@given(value=st.floats(-1e6, 1e6), share=st.floats(-1, 1))
def test_what_moves_by_no_more_than_rounding_is_drawn_level(value, share):
    """Its band, within rounding of it, is a thin line and not the whole picture."""
    at = np.linspace(-1, 1, 5)
    lower = value * (1 + 1e-7 * share * at)
    picture = CurvePicture(
        law="l", claim="c", model="m", which="best", quantity="q", along="strength", at=at, lower=lower,
        upper=lower + 1e-7 * abs(value), horizon=None,
    )  # fmt: skip
    svg = ElementTree.fromstring(curve_picture(picture))
    (line,) = (one for one in svg.iter() if one.attrib.get("class") == "curve")
    heights = [float(point.split(",")[1]) for point in line.attrib["points"].split()]
    assert max(heights) - min(heights) <= 0.5
    assert np.mean(heights) == pytest.approx(HEIGHT / 2, abs=1)
