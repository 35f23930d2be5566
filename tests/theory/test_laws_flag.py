"""What breaks a law is flagged, and what lies outside its conditions is left alone. Generic: no law is named here."""

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import lcm
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

import theory.facts as facts
import theory.tilted as tilted
from certified_balls import Log, Number, UndecidedError, ball, evaluate
from certified_claims import applies, judge
from certified_sphere import Sphere
from certified_tilts import ConceptTilt, Tilt
from certified_worlds import TEXT_LENGTH, NotKnownError, Subject, World
from numerics import baseline as known
from numerics.baseline import Baseline
from numerics.judging.assessment import judge_curves
from numerics.judging.counterexample import counterexample_baseline
from numerics.judging.one_curve import compare
from numerics.judging.reasons import verdict_of
from numerics.judging.verdict import NOT_APPLICABLE
from numerics.observing.curve_bands import Curves
from strategies import concept_tilts, spheres, tilts
from theory.catalogue import laws
from theory.claims import ALWAYS, Claim
from theory.law import Counterexample, Law
from theory.quantities import ABSCISSA

LAWS = list(laws().values())
POINTS = 61


@dataclass(frozen=True, kw_only=True, eq=False)
class Stated(Tilt):
    """The instance of a counterexample: every fact holds of it, and its M also steers into a norm `1 + alpha^2`."""

    example: Counterexample

    def symbol(self, symbol: Any, subject: Subject) -> Number:
        values = {
            facts.assumption_1: True,
            facts.final_norm: True,
            tilted.pre_norm: True,
            facts.in_target: self.example.in_target,
            facts.norm_f: Fraction(1),
            tilted.limit_strength: Fraction(self.example.limit_strength),
            tilted.limit_remainder: Fraction(0),
        }
        return values[symbol] if symbol in values else super().symbol(symbol, subject)

    def array(self, base: Any, indices: tuple[int, ...]) -> Number:
        values = {
            facts.norm_h: lambda j, z: ball(Log(self.laws[j][z])),
            facts.norm_v: lambda z: self.log_odds[z],
            facts.norm_offset: lambda z: Fraction(0),
            facts.norm_c: lambda j: Fraction(1),
            facts.norm_e: lambda j: Fraction(0),
            tilted.limit_minus: lambda z: self.limit(0, z),
            tilted.limit_plus: lambda z: self.limit(1, z),
        }
        return values[base](*indices) if base in values else super().array(base, indices)

    def limit(self, side: int, token: int) -> Fraction:
        assert self.example.limits
        return _fraction(self.example.limits[side][token])


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def stated(example: Counterexample) -> Subject:
    """The curve that a counterexample is about, in its own instance."""
    odds = [_fraction(m) for m in example.log_odds]
    unit = lcm(*(m.denominator for m in odds))
    world = Stated(
        laws=(tuple(map(_fraction, example.probabilities)),),
        levels=tuple(int(m * unit) for m in odds),
        scale=Fraction(1, unit),
        other=tuple(odds),
        offsets=(0,),
        concepts=(frozenset(example.concept),),
        target=frozenset(example.concept),
        shares=(Fraction(1),),
        example=example,
    )
    return Subject(world=world, token=example.token)


def window(example: Counterexample, claim: Claim) -> list[Fraction]:
    """Abscissae of a counterexample: its window; levels that can have a peak; whole ranks."""
    start, stop = map(Fraction, example.window)
    if claim.quantity.along == "rank":
        return [Fraction(n) for n in range(int(start), int(stop) + 1)]
    points = [start + (stop - start) * Fraction(n, POINTS - 1) for n in range(POINTS)]
    if claim.quantity.along == "strength":
        return points
    odds = [_fraction(m) for m in example.log_odds]
    return [at for at in points if min(odds) < at < max(odds)]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.id)
def test_a_counterexample_is_refuted_and_flagged(law: Law) -> None:
    """Its curve, in balls, breaks the claim it is given for; as floats, the comparator says that it departs."""
    example = law.counterexample
    claim, subject = law.claims[example.claim], stated(example)
    variable = ABSCISSA[claim.quantity.along]

    def curve(at: Number, derivative: int) -> Any:
        values = tilted.slope(example.values, derivative) if derivative else example.values
        return ball(evaluate(values, subject, {variable: at}))

    points = window(example, claim)
    assert applies(claim, subject)
    assert judge(claim, subject, points, curve).refuted
    values = np.array([float(curve(at, 0)) for at in points])
    strengths = np.array(points, dtype=float)
    verdict = compare(
        claim,
        strengths,
        values,
        baseline=counterexample_baseline(example),
        token=example.token,
        concept=example.concept,
        tolerance=0.0,  # a claim is broken by whatever is beyond the band, however small an effect it would be
    )
    assert verdict.verdict == "departs", verdict.reason
    assert verdict.witness is not None


# conditions

CONDITIONAL = [(law, n) for law in LAWS for n, claim in enumerate(law.claims) if claim.condition != ALWAYS]
few = settings(max_examples=12, deadline=None, derandomize=True, database=None, phases=(Phase.generate,))


def baseline_of(world: World) -> Baseline:
    """What is known of a world before steering, in floats."""
    laws = [[float(ball(world.probability(j, z))) for z in world.tokens] for j in world.contexts]
    mask = np.array([[z in concept for z in world.tokens] for concept in world.concepts])
    base = Baseline(
        log_probs=np.log(laws),
        log_odds=np.array([float(ball(m)) for m in world.log_odds]),
        weights=np.array(world.shares, dtype=float),
        concepts=mask,
        writing=known.Writing(follows=np.array([world.follows(z) for z in world.tokens]), length=float(TEXT_LENGTH)),
    )
    match world:
        case ConceptTilt():
            return replace(base, **_concept_facts(world))
        case Sphere():
            return replace(base, facts=frozenset({"final_norm", "pre_norm"}))
    return base


def target_first(world: World) -> World:
    """The world with its target as its first concept, as baselines have it; any concept where no set is a target."""
    target = world.target if 0 < len(world.target) < len(world.tokens) else world.concepts[0]
    others = (concept for concept in world.concepts if concept != target)
    return replace(world, concepts=(target, *others), target=target)


def _concept_facts(world: ConceptTilt) -> dict[str, Any]:
    return {
        "facts": frozenset({"assumption_1"}),
        "in_target": np.array([world.concepts[home] == world.target for home in world.homes]),
        "data_law": known.ConceptDistribution(
            inside=np.array(world.inside, dtype=float),
            outside=np.array(world.outside, dtype=float),
            negative_share=np.array([float(world.negative_share(z)) for z in world.tokens]),
            delta=float(world.delta),
        ),
    }


def nearby(claim: Claim) -> st.SearchStrategy[World]:
    """Models inside and outside a condition; few shapes, so that few kernels are compiled."""
    plain = tilts(sizes=(4, 2))
    spoken = claim.condition.holds.free_symbols
    if spoken & {facts.final_norm, tilted.pre_norm}:
        return st.one_of(plain, spheres(vocab=4))
    return st.one_of(plain, concept_tilts(sizes=[2, 2]))


@pytest.mark.parametrize(("law", "number"), CONDITIONAL, ids=[f"{law.id}-{n}" for law, n in CONDITIONAL])
def test_outside_its_condition_a_claim_does_not_apply(law: Law, number: int) -> None:
    """The comparator says so and names the condition, unless it lacks an input, and never says so inside it.

    Which of the two it is, is decided exactly.
    """
    claim, seen = law.claims[number], Counter()

    @few
    @given(world=nearby(claim))
    def agrees(world: World) -> None:
        note(f"{type(world).__name__}: {world}")
        world = target_first(world)
        sizes = {"context": len(world.contexts), "token": len(world.tokens), "concept": len(world.concepts)}
        per = tuple(sizes[axis] for axis in claim.quantity.per)
        abscissae = np.array([-1.0, -0.5, 0.0, 0.5, 1.0]) * float(world.unit)
        flat = np.zeros((*per, abscissae.size))
        curves = Curves(strengths=abscissae, lower=flat, upper=flat)
        found = judge_curves(claim, curves, baseline_of(world), tolerance=1e-3)
        for at in product(*map(range, per)):
            place = dict(zip(claim.quantity.per, at, strict=True))
            try:
                met = bool(evaluate(claim.condition.holds, Subject(world=world, **place)))
            except (UndecidedError, NotKnownError):
                continue
            note(f"{place}: condition {'met' if met else 'unmet'}")
            reason = verdict_of(found, at, law.id).reason
            if met:
                assert f"condition unmet: {claim.condition.name}" not in reason
            else:
                assert found.codes[at] == NOT_APPLICABLE
                seen[claim.condition.name in reason] += 1

    agrees()
    assert seen[True], f"{law.id}: no drawn instance outside {claim.condition.name!r} is told so ({seen})"
