"""Hypothesis strategies shared by the tests."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from hypothesis import strategies as st

import theory.facts as facts
import theory.tilted as tilted
from certified_sphere import Sphere
from certified_tilts import ConceptTilt, Tilt
from certified_worlds import World
from theory.claims import Bounded, Claim, Close, Turns
from theory.law import Law
from theory.lemmas import CALIBRATED
from toy_models.data_law import DataLaw


@st.composite
def data_laws(draw: st.DrawFn, *, max_concepts: int = 4, max_tokens: int = 4, max_contexts: int = 4) -> DataLaw:
    """Any data law with exact rational tables: weighted concepts of one size, several contexts each, uneven shares.

    eps is drawn below the largest value that keeps every a_z > b_z, so no draw is thrown away.
    """
    G = draw(st.integers(2, max_concepts))
    s = draw(st.integers(1, max_tokens))
    gamma, omega = ([draw(_shares(s)) for _ in range(G)] for _ in range(2))
    ratio = max(w / g for g_row, w_row in zip(gamma, omega, strict=True) for g, w in zip(g_row, w_row, strict=True))
    largest = 1 / (1 + ratio / (G - 1))
    eps = largest * Fraction(draw(st.integers(1, 99)), 100)
    contexts = [k for k in range(G) for _ in range(draw(st.integers(1, max_contexts)))]
    law = DataLaw.weighted(G, s, eps, gamma, omega, contexts=contexts)
    weights = tuple(Fraction(draw(st.integers(1, 9))) for _ in contexts)
    return DataLaw(a=law.a, b=law.b, contexts=law.contexts, weights=weights)


@st.composite
def contrasts(draw: st.DrawFn, law: DataLaw) -> tuple[list[int], list[int]]:
    """Positive contexts of one concept and negative contexts outside it, of any sizes."""
    target = draw(st.integers(0, len(law.a) - 1))
    inside = [j for j, k in enumerate(law.contexts) if k == target]
    outside = [j for j, k in enumerate(law.contexts) if k != target]
    positive, negative = (draw(st.lists(st.sampled_from(side), min_size=1, unique=True)) for side in (inside, outside))
    return positive, negative


def _shares(n: int) -> st.SearchStrategy[list[Fraction]]:
    parts = st.lists(st.integers(1, 20), min_size=n, max_size=n)
    return parts.map(lambda row: [Fraction(x, sum(row)) for x in row])


SCALES = (Fraction(1), Fraction(1, 2), Fraction(10), Fraction(1, 10**6))
"""What log-odds are multiples of: spreads from 1e-6 to 1e2."""


@st.composite
def tilts(draw: st.DrawFn, *, calibrated: bool = True, sizes: tuple[int, int] | None = None) -> Tilt:
    """Any rational next-token laws and log-odds: ties, constant ones, tiny and huge spreads, two tokens; any concept.

    `calibrated` evaluates on the model's own law; `sizes` fixes the numbers of tokens and contexts. The target is where
    M > 0, one of the concepts if that is some but not all tokens.
    """
    vocabs = st.one_of(st.just(2), st.integers(3, 6), st.integers(3, 6))
    vocab, contexts = sizes or (draw(vocabs), draw(st.integers(1, 2)))
    varied = st.lists(st.integers(-3, 3), min_size=vocab, max_size=vocab)
    levels = tuple(draw(st.one_of(varied, varied, st.integers(-1, 1).map(lambda level: [level] * vocab))))
    risen = frozenset(z for z, level in enumerate(levels) if level > 0)
    drawn = [frozenset(z for z in range(vocab) if mask >> z & 1) for mask in draw(_masks(vocab))]
    own = [risen] if 0 < len(risen) < vocab else []
    scale = draw(st.sampled_from(SCALES))
    return Tilt(
        laws=tuple(tuple(draw(_laws(vocab))) for _ in range(contexts)),
        levels=levels,
        scale=scale,
        other=tuple(scale * level for level in draw(st.lists(st.integers(-3, 3), min_size=vocab, max_size=vocab))),
        offsets=tuple(draw(st.lists(st.integers(-2, 2), min_size=contexts, max_size=contexts))),
        concepts=tuple(dict.fromkeys(own + drawn)),
        target=risen,
        shares=tuple(draw(_shares(contexts))),
        data=None if calibrated else tuple(tuple(draw(_shares(vocab))) for _ in range(contexts)),
    )


@st.composite
def concept_tilts(draw: st.DrawFn, *, calibrated: bool = True, sizes: Sequence[int] | None = None) -> ConceptTilt:
    """All of Assumption 1, and any positive and negative contexts: a = b + delta times shares within each concept.

    `sizes` fixes the concepts' sizes, with one context each.
    """
    several = st.just(1) if sizes else st.integers(1, 2)
    sizes = sizes or draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    homes = tuple(k for k in range(len(sizes)) for _ in range(draw(several)))
    shares = [share for size in sizes for share in draw(_shares(size))]
    outside = [Fraction(draw(st.integers(1, 9))) for _ in shares]
    mass = sum(outside) + (delta := Fraction(draw(st.integers(1, 30))))
    target = draw(st.integers(0, len(sizes) - 1))
    sides = ([j for j, k in enumerate(homes) if (k == target) is inside] for inside in (True, False))
    positive, negative = (draw(st.lists(st.sampled_from(side), min_size=1, max_size=4, unique=True)) for side in sides)
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    concepts = tuple(frozenset(range(start, start + size)) for start, size in zip(starts, sizes, strict=True))
    return ConceptTilt(
        inside=tuple((b + delta * share) / mass for b, share in zip(outside, shares, strict=True)),
        outside=tuple(b / mass for b in outside),
        homes=homes,
        positive=tuple(positive),
        negative=tuple(negative),
        offsets=tuple(draw(st.lists(st.integers(-2, 2), min_size=len(homes), max_size=len(homes)))),
        other=tuple(Fraction(draw(st.integers(-3, 3))) for _ in shares),
        concepts=concepts,
        target=concepts[target],
        shares=tuple(draw(_shares(len(homes)))),
        data=None if calibrated else tuple(tuple(draw(_shares(sum(sizes)))) for _ in homes),
    )


@st.composite
def spheres(draw: st.DrawFn, *, vocab: int | None = None) -> Sphere:
    """Steering into a final RMSNorm or LayerNorm, with a vector that it does not erase."""
    width, vocab, contexts = draw(st.integers(2, 3)), vocab or draw(st.integers(2, 4)), 2
    centred = draw(st.booleans())
    row = st.lists(st.integers(-3, 3).map(Fraction), min_size=width, max_size=width).map(tuple)
    vector = draw(row.filter(lambda v: len(set(v)) > 1 if centred else any(v)))
    bias = draw(row) if centred else (Fraction(0),) * width
    return Sphere(
        unembedding=tuple(draw(row) for _ in range(vocab)),
        features=tuple(draw(row) for _ in range(contexts)),
        vector=vector,
        gamma=tuple(draw(st.lists(st.integers(1, 2).map(Fraction), min_size=width, max_size=width))),
        bias=bias,
        eps=draw(st.sampled_from([Fraction(1), Fraction(1, 100)])),
        centred=centred,
        concepts=(frozenset({0}),),
        target=frozenset({0}),
        shares=tuple(draw(_shares(contexts))),
    )


_OF_CONCEPTS = {facts.assumption_1, facts.in_target, facts.a, facts.b, facts.negative_share, facts.delta}
_OF_NORMS = {
    facts.final_norm,
    facts.norm_h,
    facts.norm_v,
    facts.norm_offset,
    facts.norm_c,
    facts.norm_e,
    facts.norm_f,
    tilted.pre_norm,
    tilted.limit_plus,
    tilted.limit_minus,
    tilted.limit_strength,
    tilted.limit_remainder,
}
_OF_ANY_MODEL = {tilted.M_local, facts.logit_curvature}


def worlds(law: Law, claim: Claim) -> st.SearchStrategy[World]:
    """Models that meet a law's hypotheses and that its claim speaks of, as the symbols in it tell."""
    spoken = set()
    for part in _parts(claim):
        unfolded = tilted.definition(part)
        spoken |= unfolded.free_symbols | unfolded.atoms(sp.IndexedBase)
    calibrated = CALIBRATED in law.hypotheses
    if spoken & _OF_NORMS:
        return spheres()
    if spoken & _OF_CONCEPTS:
        return concept_tilts(calibrated=calibrated)
    affine = [tilts(calibrated=calibrated), concept_tilts(calibrated=calibrated)]
    return st.one_of(*affine, *([spheres()] if spoken & _OF_ANY_MODEL else []))


def _parts(claim: Claim) -> Iterator[Any]:
    yield claim.condition.holds
    yield from claim.domain.atoms(sp.Symbol)
    match claim:
        case Close():
            yield from (claim.value, claim.remainder)
        case Turns():
            yield from (sp.sympify(part) for part in (claim.n, claim.first) if not isinstance(part, str))
        case Bounded():
            yield from (bound for bound in (claim.lower, claim.upper) if bound is not None)


@st.composite
def _laws(draw: st.DrawFn, vocab: int) -> list[Fraction]:
    """Even laws, of great variance; laws of shares 15 to 4, of great skewness; laws with rare tokens."""
    even, skewed = [1] * vocab, [15, *[4] * (vocab - 1)]
    uneven = st.lists(st.sampled_from([1, 2, 7, 1000, 10**9]), min_size=vocab, max_size=vocab)
    weights = draw(st.one_of(st.just(even), st.permutations(skewed), uneven))
    return [Fraction(weight, sum(weights)) for weight in weights]


def _masks(vocab: int) -> st.SearchStrategy[list[int]]:
    """Sets of tokens as bits: neither none nor all."""
    return st.lists(st.integers(1, 2**vocab - 2), min_size=1, max_size=2)
