"""Lowered closed forms against their definitions: sums over the vocabulary at 50 digits."""

from fractions import Fraction
from itertools import product
from typing import Any

import mpmath
import numpy as np

from numerics.baseline import Baseline, ConceptDistribution, Sphere, Writing
from numerics.lowering.expressions import lower
from theory import facts
from theory.checker.instances import DIGITS, Instance, evaluate
from theory.tilted import (
    C,
    J,
    M,
    M_local,
    M_other,
    T,
    V,
    alpha,
    definition,
    hits,
    is_target,
    j,
    level,
    limit_minus,
    limit_plus,
    limit_remainder,
    limit_strength,
    logit,
    logit_shift,
    p,
    pi,
    pre_norm,
    r,
    rank,
    text_length,
    text_odds,
    text_p,
    texts,
    visits,
    z,
)

TEXT_LENGTH = 2
EPS = np.finfo(float).eps


def baseline(seed: int, *, contexts: int = 2, vocab: int = 4, spread: float = 2.0, ties: bool = False) -> Any:
    rng = np.random.default_rng(seed)
    log_odds = spread * rng.standard_normal(vocab)
    if ties:
        log_odds[-1] = log_odds[0]
    inside = np.arange(vocab) % 2 == 0
    return Baseline(
        log_probs=np.log(rng.dirichlet(np.ones(vocab), size=contexts)),
        log_odds=log_odds,
        weights=rng.dirichlet(np.ones(contexts)),
        data=np.log(rng.dirichlet(np.ones(vocab), size=contexts)),
        concepts=np.array([inside, ~inside]),
        logit_shift=rng.standard_normal(vocab),
        limit_logits=rng.standard_normal((2, vocab)),
        limit_strength=3.0,
        limit_remainder=0.1,
        in_target=np.arange(contexts) == 0,
        data_law=ConceptDistribution(
            inside=rng.uniform(0.1, 0.2, vocab),
            outside=rng.uniform(0.01, 0.1, vocab),
            negative_share=rng.uniform(0, 1, vocab),
            delta=0.3,
        ),
        sphere=Sphere(
            h_part=rng.standard_normal((contexts, vocab)),
            v_part=rng.standard_normal(vocab),
            offset=rng.standard_normal(vocab),
            c=rng.uniform(1, 2, contexts),
            e=rng.uniform(-0.5, 0.5, contexts),
            f=1.5,
        ),
        local_log_odds=spread * rng.standard_normal((contexts, vocab)),
        logit_curvature=0.2,
        other_log_odds=spread * rng.standard_normal(vocab),
        writing=Writing(follows=np.arange(vocab) % contexts, length=float(TEXT_LENGTH)),
        judge_errors=rng.uniform(0, 0.4, 2),
        facts=frozenset({"pre_norm", "final_norm", "assumption_1"}),
    )


def normalised(log_probs) -> list:
    with mpmath.workdps(DIGITS):
        weights = [mpmath.exp(mpmath.mpf(x)) for x in log_probs]
        return [w / mpmath.fsum(weights) for w in weights]


def instance(base: Any, strength: float, context: int, token: int, concept: int) -> Instance:
    """The baseline in 50 digits, entry by entry; what is derived from M and C the instance derives itself."""
    contexts, vocab = base.log_probs.shape
    known: dict = {V: vocab, J: contexts, j: context + 1, z: token + 1}
    known |= dict.fromkeys((alpha, level, rank), strength)
    known[facts.reference] = int(base.log_probs[context].argmax()) + 1
    known |= dict.fromkeys((pre_norm, *facts.FACTS), True)
    known |= {is_target: concept == 0, facts.in_target: bool(base.in_target[context])}
    known |= {limit_remainder: base.limit_remainder, limit_strength: base.limit_strength}
    known |= {
        facts.logit_curvature: base.logit_curvature,
        facts.delta: base.data_law.delta,
        facts.norm_f: base.sphere.f,
    }
    shares = base.weights / base.weights.sum()
    for n in range(contexts):
        known[pi, (n + 1,)] = shares[n]
        known[facts.norm_c, (n + 1,)], known[facts.norm_e, (n + 1,)] = base.sphere.c[n], base.sphere.e[n]
        for base_law, rows in ((p, base.log_probs), (r, base.log_probs if base.data is None else base.data)):
            law = normalised(rows[n])
            known |= {(base_law, (n + 1, y + 1)): law[y] for y in range(vocab)}
        tables = {logit: base.log_probs, facts.norm_h: base.sphere.h_part, M_local: base.local_log_odds}
        known |= {(array, (n + 1, y + 1)): rows[n, y] for array, rows in tables.items() for y in range(vocab)}
    rows = {
        M: base.log_odds,
        M_other: base.other_log_odds,
        C: base.concepts[concept],
        T: base.concepts[0],
        logit_shift: base.logit_shift,
        limit_minus: base.limit_logits[0],
        limit_plus: base.limit_logits[1],
        facts.a: base.data_law.inside,
        facts.b: base.data_law.outside,
        facts.negative_share: base.data_law.negative_share,
        facts.norm_v: base.sphere.v_part,
        facts.norm_offset: base.sphere.offset,
    }
    known |= {(array, (y + 1,)): row[y] for array, row in rows.items() for y in range(vocab)}
    known |= {facts.false_yes: base.judge_errors[0], facts.false_no: base.judge_errors[1]}
    known |= texts_of(base, concept, known)
    exact = {key: Fraction(float(x)) if isinstance(x, float | np.bool_) else x for key, x in known.items()}
    return Instance(seed=0, size=vocab, given=exact)


def texts_of(base: Any, concept: int, known: dict) -> dict:
    """Every text of two tokens: its probability, its tokens' log-odds, where they are drawn, whether it is a hit."""
    contexts, vocab = base.log_probs.shape
    written = list(product(range(vocab), repeat=TEXT_LENGTH))
    found: dict = {texts: len(written), text_length: TEXT_LENGTH, facts.ordered_texts: ordered(base)}
    for n, (first, second) in enumerate(written, start=1):
        found[text_odds, (n,)] = Fraction(float(base.log_odds[first])) + Fraction(float(base.log_odds[second]))
        found[hits, (n,)] = int(base.concepts[concept][[first, second]].any())
        for begun in range(contexts):
            led = int(base.writing.follows[first])
            with mpmath.workdps(DIGITS):
                found[text_p, (begun + 1, n)] = known[p, (begun + 1, first + 1)] * known[p, (led + 1, second + 1)]
            found |= {(visits, (begun + 1, n, i + 1)): [begun, led].count(i) for i in range(contexts)}
    return found


def ordered(base: Any) -> bool:
    """Whether next tokens are monotone in likelihood ratio, quadruple by quadruple, up to rounding."""
    after, odds = np.exp(base.log_probs[base.writing.follows]), base.log_odds
    up = [(a, b) for a, b in product(range(len(odds)), repeat=2) if odds[a] <= odds[b]]
    corners = [(after[w, b] * after[z, a], after[w, a] * after[z, b]) for (z, w), (a, b) in product(up, up)]
    return all(straight >= crossed * (1 - 1e-9) for straight, crossed in corners)


def oracle(expr, base: Any, strength: float, context: int, token: int, concept: int):
    """The definition as sums, evaluated at 50 digits: it shares no code with the kernels."""
    return evaluate(definition(expr), instance(base, strength, context, token, concept))


def largest(base: Any) -> float:
    """Size of the largest log-odds of any kind."""
    local = np.abs(base.local_log_odds).max()
    return float(max(local, np.abs(base.log_odds).max() + np.abs(base.other_log_odds).max()))


def assert_exact(expr, base: Any, strengths, per=("context",), scale: float | None = None):
    """`|error| <= 1e-12 |value| + 1e-12 + 4 eps max|alpha M|`, at every context, token, concept and strength."""
    value = np.asarray(lower(expr, per)(base, strengths))
    contexts, vocab = base.log_probs.shape
    lengths = {"context": contexts, "token": vocab, "concept": len(base.concepts)}
    value = np.broadcast_to(value, (*(lengths[axis] for axis in per), len(strengths)))
    for at in np.ndindex(value.shape):
        where = dict(zip(per, at, strict=False))
        strength = float(strengths[at[-1]])
        exact = oracle(expr, base, strength, where.get("context", 0), where.get("token", 0), where.get("concept", 0))
        if isinstance(exact, bool) or mpmath.isinf(exact):
            assert value[at] == exact, (str(expr), where, strength)
            continue
        assert value.dtype == np.float64
        reach = max(1.0, scale or 0.0, abs(strength) * largest(base))
        bound = 1e-12 * abs(exact) + 1e-12 + 4 * EPS * reach
        assert abs(mpmath.mpf(float(value[at])) - exact) <= bound, (str(expr), where, strength)
