"""Every claim of every law on drawn instances, in exact and certified arithmetic. Generic: no law is named here.

The observed side is the softmax of a concrete model in balls, the claimed side the claim's own expression unfolded into
sums; neither shares code with `numerics`. A claim that meets no drawn instance fails, and so does one whose broken
variants the same judgement lets pass.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
import sympy as sp
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from certified_balls import ball, evaluate
from certified_claims import applies, in_domain, judge, judge_line, shape
from certified_model import observed
from certified_ranks import GRID
from certified_worlds import Subject, World
from strategies import worlds
from theory.catalogue import laws
from theory.claims import Bounded, Claim, Close, Turns
from theory.law import Law
from theory.quantities import ABSCISSA

CASES = [(law, n) for law in laws().values() for n in range(len(law.claims))]
every_claim = pytest.mark.parametrize(("law", "number"), CASES, ids=[f"{law.id}-{n}" for law, n in CASES])
quick = settings(max_examples=18, deadline=None, derandomize=True, database=None)

TIMES = tuple(map(Fraction, (-300, -40, *range(-8, 9), 40, 300)))
"""Strengths at which shapes are looked at, in units of the model's own."""
NEAR = (Fraction(-1, 100), Fraction(0), Fraction(1, 100), Fraction(1, 10))
"""Strengths at which remainders and bounds that vanish at 0 are small."""
SUBJECTS = 3
"""Curves of one instance that are judged."""


def subjects(claim: Claim, world: World) -> list[Subject]:
    """Curves of a world to which the claim applies, a few of them, far apart."""
    per = claim.quantity.per
    places = product(
        world.contexts if "context" in per else [0],
        world.tokens if "token" in per else [0],
        range(len(world.concepts)) if "concept" in per else [0],
    )
    found = [Subject(world=world, context=j, token=z, concept=c) for j, z, c in places]
    met = [subject for subject in found if applies(claim, subject)]
    return met[:: max(1, -(-len(met) // SUBJECTS))]


def abscissae(claim: Claim, subject: Subject, drawn: list[Fraction]) -> list[Any]:
    """Where a claim is judged: a shape far and wide, values at drawn strengths and near 0; at all levels; all ranks."""
    world = subject.world
    match claim.quantity.along:
        case "strength":
            near = TIMES if isinstance(claim, Turns) else (*NEAR, *TIMES[::6])
            return [time * world.unit for time in sorted({*drawn, *near})]
        case "log_odds":
            return sorted(set(world.log_odds))[1:-1]
        case "rank":
            return [Fraction(n) for n in range(1, min(len(GRID), len(world.tokens)) + 1)]


times = st.lists(st.fractions(-9, 9, max_denominator=4), min_size=2, max_size=3)


@every_claim
def test_a_claim_holds_wherever_it_applies(law: Law, number: int) -> None:
    claim, count = law.claims[number], Counter()

    @quick
    @given(world=worlds(law, claim), drawn=times)
    def holds(world: World, drawn: list[Fraction]) -> None:
        note(f"{type(world).__name__}: {world}")
        for subject in subjects(claim, world):
            note(str(subject))
            findings = [judge(claim, subject, abscissae(claim, subject, drawn)), judge_line(claim, subject)]
            for finding in filter(None, findings):
                count["decided"] += finding.decided
                assert not finding.refuted, f"{law.id}: {claim.says}: {finding.refuted}"

    holds()
    assert count["decided"], f"{law.id}: no drawn instance meets {claim.condition.name!r}, so nothing was judged"


def breakages(claim: Claim, subject: Subject, points: list[Any]) -> Iterator[Claim]:
    """The claim with its value shifted, its direction turned, or a bound tightened below what the curve attains."""
    match claim:
        case Close():
            shift = 2 * claim.remainder + sp.Rational(1, 7)
            yield from (replace(claim, value=claim.value + side * shift) for side in (1, -1))
        case Turns():
            _, first = shape(claim, subject)
            yield replace(claim, first="falling" if first > 0 else "rising")
            yield replace(claim, n=claim.n - 1)
        case Bounded():
            yield from _tightened(claim, subject, points)


def _tightened(claim: Bounded, subject: Subject, points: list[Any]) -> Iterator[Claim]:
    """Bounds moved past the curve at one point: by what there was to spare there, and a little more."""
    at = in_domain(claim, subject, points)[-1]
    here, margin = {ABSCISSA[claim.quantity.along]: at}, sp.Rational(1, 1000)
    along_strength = claim.quantity.along == "strength"
    seen = observed(claim.quantity, subject, at, claim.derivative) if along_strength else None
    for name, side in (("lower", 1), ("upper", -1)):
        bound = getattr(claim, name)
        if bound is None:
            continue
        if seen is None:
            yield replace(claim, **{name: bound + side * 10**6})
            continue
        spare = abs(seen - ball(evaluate(bound, subject, here))).upper()
        yield replace(claim, **{name: bound + side * (sp.Rational(str(Fraction(float(spare)))) + margin)})


@every_claim
def test_a_broken_claim_is_refuted(law: Law, number: int) -> None:
    """Each way of breaking a claim, which are the same for all claims of a kind, is caught on some drawn instance."""
    claim, caught = law.claims[number], {}

    @settings(quick, phases=(Phase.generate,))
    @given(world=worlds(law, claim), drawn=times)
    def breaks(world: World, drawn: list[Fraction]) -> None:
        if caught and all(caught.values()):
            return
        for subject in subjects(claim, world)[:1]:
            points = abscissae(claim, subject, drawn)
            if in_domain(claim, subject, points):
                for way, broken in enumerate(breakages(claim, subject, points)):
                    caught[way] = caught.get(way) or bool(judge(broken, subject, points).refuted)

    breaks()
    assert caught
    assert all(caught.values()), f"{law.id}: {claim.says}: broken, it is still not refuted ({caught})"
