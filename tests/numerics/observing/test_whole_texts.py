"""Whole texts as they are observed, beside the chain's own enumeration in exact rationals."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.bands.band import ROUNDING, rounding_halfwidth
from numerics.baseline import Writing
from numerics.observing.model import Steering
from numerics.observing.sweep import Sweep
from numerics.observing.whole_texts import Scored, observe_texts
from theory.quantities import TEXT_DIVERGENCE, TEXT_HIT, TEXT_HIT_DIVERGENCE, TEXT_JUDGED
from toy_models.chain import Chain
from toy_models.steered_chain import SteeredChain

WHOLE = np.arange(-3.0, 4.0)
ERRORS = (0.125, 0.25)
QUANTITIES = (TEXT_HIT, TEXT_JUDGED, TEXT_DIVERGENCE, TEXT_HIT_DIVERGENCE)
weights = st.lists(st.integers(1, 30), min_size=3, max_size=3)
quick = settings(max_examples=15, deadline=None)


@st.composite
def chains(draw: st.DrawFn) -> SteeredChain:
    """Any chain of three tokens, rows alike among them; two concepts that may overlap."""
    rows = [tuple(Fraction(w, sum(row)) for w in row) for row in (draw(weights), draw(weights))]
    after = tuple(rows[draw(st.integers(0, 1))] for _ in range(3))
    factors = tuple(Fraction(draw(st.integers(1, 9)), draw(st.integers(1, 9))) for _ in range(3))
    targets = tuple(draw(st.sampled_from([(0,), (2,), (0, 1), (1, 2)])) for _ in range(2))
    chain = Chain(first=after[0], after=after, factors=factors, length=draw(st.integers(1, 3)))
    return SteeredChain(name="drawn", chain=chain, targets=targets, concept_names=("one", "other"))


def observed(model: Any, chain: SteeredChain, strengths: Any = WHOLE, rounding: float = ROUNDING) -> Sweep:
    return observe_texts(
        model,
        [[last] for last in chain.lasts],
        strengths,
        Steering(layer=0, vector=chain.log_odds),
        Writing(follows=chain.follows, length=float(chain.chain.length)),
        Scored(concepts=chain.concepts, names=chain.concept_names, errors=np.array(ERRORS)),
        rounding=rounding,
    )


def relative_entropy(now: list[Fraction], before: list[Fraction]) -> Any:
    return mpmath.fsum(exact(p) * mpmath.log(exact(p / q)) for p, q in zip(now, before, strict=True))


def exact(p: Fraction) -> Any:
    return mpmath.mpf(p.numerator) / p.denominator


@quick
@given(chain=chains())
def test_every_curve_holds_its_exact_values(chain: SteeredChain):
    curves = {quantity.id: observed(chain, chain).curves(quantity) for quantity in QUANTITIES}
    for j, last in enumerate(chain.lasts):
        begun = replace(chain.chain, first=chain.chain.after[last])
        texts = {int(a): begun.probabilities(int(a)) for a in WHOLE}
        for n, a in enumerate(WHOLE):
            now, before = texts[int(a)], texts[0]
            found: dict[Any, Any] = {("text_divergence",): relative_entropy([*now.values()], [*before.values()])}
            for c, target in enumerate(chain.targets):
                hit, then = (sum((p for y, p in of.items() if {*y} & {*target}), Fraction(0)) for of in (now, before))
                found["text_hit", c] = exact(hit)
                found["text_judged", c] = exact(hit * (1 - Fraction(ERRORS[1])) + (1 - hit) * Fraction(ERRORS[0]))
                found["text_hit_divergence", c] = relative_entropy([hit, 1 - hit], [then, 1 - then])
            for (name, *concept), value in found.items():
                lower, upper = (float(bound[j, *concept, n]) for bound in (curves[name].lower, curves[name].upper))
                assert lower <= value <= upper, (name, last, a)
                assert upper - lower < 1e-10


@dataclass(frozen=True)
class Pushed:
    """A chain whose logits are off by `off`, towards some tokens and away from the others."""

    chain: SteeredChain
    off: np.ndarray
    name: str = "pushed"

    @property
    def vocab_size(self) -> int:
        return self.chain.vocab_size

    def logits(self, tokens: Any, strengths: Any, **where: Any) -> Any:
        return self.chain.logits(tokens, strengths, **where) + self.off


@quick
@given(chain=chains(), coarse=st.sampled_from([1e6, 1e9]), data=st.data())
def test_a_halfwidth_holds_what_rounding_can_do_and_is_not_much_wider(chain: SteeredChain, coarse: float, data: Any):
    """Logits off by as much as the factor says: bands meet, and the worst push of all leaves a tenth of them."""
    band = observed(chain, chain, rounding=coarse)
    rows = [np.abs(chain.logits([last], WHOLE, layer=0, vector=chain.log_odds)).max(axis=1) for last in chain.lasts]
    off = np.max([rounding_halfwidth(np.float64, row, coarse) for row in rows], axis=0)
    signs = data.draw(st.lists(st.sampled_from([-1, 1]), min_size=3, max_size=3))
    pushed = observed(Pushed(chain, off[:, None] * np.array(signs)), chain)
    for quantity in QUANTITIES:
        wide, moved = band.curves(quantity), pushed.curves(quantity)
        assert (moved.lower <= wide.upper).all()
        assert (moved.upper >= wide.lower).all()
    towards = np.where(chain.concepts[0], 1, -1)
    far = observed(Pushed(chain, off[:, None] * towards), chain).curves(TEXT_HIT).lower[:, 0]
    wide = band.curves(TEXT_HIT)
    middle = (wide.lower + wide.upper)[:, 0] / 2
    assert ((far - middle) * 10 >= (wide.upper - wide.lower)[:, 0] / 2 - 1e-12).all()


def test_too_many_texts_are_refused():
    chain = Chain(
        first=(Fraction(1, 2),) * 2, after=((Fraction(1, 2),) * 2,) * 2, factors=(Fraction(2),) * 2, length=15
    )
    with pytest.raises(ValueError, match=r"^texts: expected 1 to 20,000 of them, got 2\^15; shorten them$"):
        observed(model := SteeredChain(name="long", chain=chain, targets=((0,),)), model)


def test_a_token_that_leads_nowhere_is_refused():
    row = (Fraction(1, 2),) * 2
    chain = SteeredChain(
        name="c", chain=Chain(first=row, after=(row, row), factors=(Fraction(2),) * 2, length=2), targets=((0,),)
    )
    with pytest.raises(ValueError, match=r"^texts: expected each token to lead to a context from 0 to 0, got \[0 1\]$"):
        observe_texts(
            chain,
            [[0]],
            WHOLE,
            Steering(layer=0, vector=chain.log_odds),
            Writing(follows=np.array([0, 1]), length=2.0),
            Scored(concepts=chain.concepts, names=("target",)),
        )
