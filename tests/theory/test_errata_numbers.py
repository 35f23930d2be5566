"""The errata's numbers once more, from the instances as stated, with mpmath at 40 digits."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import mpmath
import pytest
import sympy as sp

from theory.errata import Evidence, errata

ERRATA = errata()
Real = Any
mpf = mpmath.mpf


@pytest.fixture(autouse=True)
def _forty_digits():
    with mpmath.workdps(40):
        yield


def numbers(text: str) -> list[Real]:
    pairs = [word.partition("/") for word in text.split()]
    return [mpf(top) / mpf(bottom or 1) for top, _, bottom in pairs]


def smoothed(context: int, eps: str = "0.05") -> tuple[list[Real], list[Real]]:
    """Base law and log-odds of V = 9, G = 3, one negative context in C2."""
    a, b = (1 - mpf(eps)) / 3, mpf(eps) / 6
    base = [a if z // 3 == context else b for z in range(9)]
    step = mpmath.log(a / b)
    return base, [(step, -step, mpf(0))[z // 3] for z in range(9)]


def tilt(base: Sequence[Real], log_odds: Sequence[Real], alpha) -> list[Real]:
    weights = [p * mpmath.exp(alpha * m) for p, m in zip(base, log_odds, strict=True)]
    return [w / mpmath.fsum(weights) for w in weights]


def expect(law: Sequence[Real], values: Sequence[Real]) -> Real:
    return mpmath.fdot(law, values)


@cache
def evidence(entry: str) -> Evidence:
    return ERRATA[entry].check()


def value_of(entry: str, fact: str) -> str:
    (found,) = [f.value for f in evidence(entry).facts if f.says.startswith(fact)]
    return found


def assert_printed(entry: str, fact: str, value: Real):
    """The value printed by the check agrees to its last digit, and the prose rounds it rightly."""
    printed = value_of(entry, fact).split()[-1]
    ulp = mpf(10) ** -len(printed.partition(".")[2])
    assert abs(mpf(printed) - value) <= ulp


def assert_stated(entry: str, decimal: str, value: Real):
    """The prose states this decimal, and the value rounds to it."""
    assert re.search(rf"(?<![\d.]){re.escape(decimal)}(?![\d])", ERRATA[entry].provable)
    places = len(decimal.rstrip("%").partition(".")[2])
    stated, scale = (mpf(decimal[:-1]), 100) if decimal.endswith("%") else (mpf(decimal), 1)
    assert abs(stated - value * scale) <= mpf(10) ** -places / 2


def test_inner_concept_limit():
    base, log_odds = smoothed(context=1)
    for alpha in (-40, 40):
        steered = tilt(base, log_odds, alpha)
        assert mpmath.fsum(steered[6:]) < mpf(10) ** -50
        assert abs(mpmath.fsum(steered[z] - base[z] for z in (6, 7, 8)) / 3 + mpf(1) / 120) < mpf(10) ** -30
    assert value_of("inner_concept_limit", "dp(C) -> -mean p(z|c), not 0, as alpha -> +oo") == "-1/120"


def test_other_concepts_rise():
    a, b = mpf(11) / 30, mpf(19) / 60
    step = mpmath.log(a / b)
    base, log_odds = [b, a, b], [step, -step, mpf(0)]
    start = expect(base, log_odds)
    assert_printed("other_concepts_rise", "E_0[M] < 0", start)
    assert_stated("other_concepts_rise", "-0.0073", start)
    slope = mpmath.diff(lambda alpha: tilt(base, log_odds, alpha)[2], 0)
    assert_printed("other_concepts_rise", "the probability of C3 rises", slope)
    peak = mpmath.findroot(lambda alpha: expect(tilt(base, log_odds, alpha), log_odds), 0.3)
    assert abs(peak - mpf(1) / 2) < mpf(10) ** -30


def test_concept_turns_twice():
    inside = numbers("2477/5760 1553/2880 311/480 61/192 4919/21120 1933/2640")
    outside = numbers("1/128 11/960 7/480 1/960 1/384 1/80")
    base = outside[:4] + inside[4:]
    assert abs(mpmath.fsum(base) - 1) < mpf(10) ** -35
    log_odds = [
        mpmath.log(a / b) * (1 if z < 2 else -mpf(1) / 2) for z, (a, b) in enumerate(zip(inside, outside, strict=True))
    ]

    def slope(alpha) -> Real:
        law = tilt(base, log_odds, alpha)
        mu = expect(law, log_odds)
        return mpmath.fsum(law[z] * (log_odds[z] - mu) for z in (2, 3))

    printed = [mpf(root) for root in value_of("concept_turns_twice", "its slope has exactly two zeros").split(", ")]
    for root in printed:
        assert abs(mpmath.findroot(slope, root) - root) < mpf("2e-5")
    signs = [mpmath.sign(slope(mpf(k) / 20)) for k in range(-400, 401)]
    changes = [k for k, (left, right) in enumerate(pairwise(signs)) if left != right]
    assert len(changes) == len(printed) == 2
    assert (signs[0], signs[-1]) == (-1, -1)


@pytest.mark.parametrize("context", [0, 1, 2])
@pytest.mark.parametrize("alpha", [-60, 60])
def test_expanded_limits(context: int, alpha: int):
    """G = 3, s = 2, one negative context in each of C2 and C3: Eq. 5 holds, Eqs. 8-9 only at +oo on the target."""
    a, b = mpf(19) / 40, mpf(1) / 80
    step = mpmath.log(a / b)
    base = [a if z // 2 == context else b for z in range(6)]
    log_odds = [step] * 2 + [-step / 2] * 4
    steered = tilt(base, log_odds, alpha)
    extreme = range(2) if alpha > 0 else range(2, 6)
    total = mpmath.fsum(base[z] for z in extreme)
    for z in range(6):
        assert abs(steered[z] - (base[z] / total if z in extreme else 0)) < mpf(10) ** -30
    uniform = [(1 / mpf(len(extreme)) if z in extreme else 0) - (a if context == 0 else b) for z in range(6)]
    agree = [abs(steered[z] - base[z] - uniform[z]) < mpf(10) ** -30 for z in range(6)]
    if alpha > 0:
        expected = {0: [True] * 2 + [False] * 4, 1: [True, True, False, False, True, True], 2: [True] * 4 + [False] * 2}
        assert agree == expected[context]
    elif context:
        own = [z for z in range(6) if z // 2 == context]
        assert not any(agree[z] for z in own)
        assert value_of("expanded_limits", "at -oo, b_z") == "19/80, not 19/1560"
        assert abs(steered[own[0]] - base[own[0]] - mpf(19) / 1560) < mpf(10) ** -30


def test_peak_sign_conditions():
    entry = "peak_sign_conditions"
    a, b = numbers("397/1600 397/1600 397/800"), [mpf(1) / 1200] * 3
    ratios = [mpmath.log(x / y) for x, y in zip(a, b, strict=True)]
    base, log_odds = a + b * 3, ratios + [-m for m in ratios] + [mpf(0)] * 6
    assert_peak(entry, "target context", base, log_odds, "5.696", "5.983")

    eps = mpf(3) / 5
    a_target, b_target = ((1 - eps) * x for x in mpmath.matrix(["0.05", "0.95"])), numbers("33/500 467/500")
    b_target = [eps / 2 * x for x in b_target]
    a_other, b_other = [(1 - eps) / 2] * 2, [eps / 2 * x for x in numbers("33/50 17/50")]
    target = [mpmath.log(x / y) for x, y in zip(a_target, b_target, strict=True)]
    other = [-mpmath.log(x / y) for x, y in zip(a_other, b_other, strict=True)]
    base, log_odds = b_target + b_other + a_other, target + other + [mpf(0)] * 2
    assert_peak(entry, "large eps", base, log_odds, "0.01005", "0.01490")


def assert_peak(entry: str, name: str, base, log_odds, token: str, start: str):
    assert abs(mpmath.fsum(base) - 1) < mpf(10) ** -35
    mu = expect(base, log_odds)
    assert_printed(entry, f"{name}: the target token z1", log_odds[0])
    assert_printed(entry, f"{name}: M(z1) < E_0[M]", mu)
    assert_stated(entry, token, log_odds[0])
    assert_stated(entry, start, mu)
    assert (
        mpmath.findroot(lambda alpha: expect(tilt(base, log_odds, alpha), log_odds) - log_odds[0], (-5, 0), "anderson")
        < 0
    )


def test_calibration():
    base, log_odds = smoothed(context=0)
    evaluated = [mpf("0.9") * p + mpf("0.1") / 9 for p in base]

    def change(alpha) -> Real:
        """Cross-entropy as defined, not through the cumulant generating function."""
        steered = tilt(base, log_odds, alpha)
        return -mpmath.fsum(r * mpmath.log(q / p) for r, q, p in zip(evaluated, steered, base, strict=True))

    slope = mpmath.diff(change, 0)
    lowest = mpmath.findroot(lambda alpha: mpmath.diff(change, alpha), -0.1)
    for fact, decimal, value in (
        ("that slope", "+0.336", slope),
        ("the strength of the minimum", "-0.138", lowest),
    ):
        assert_printed("calibration", fact, value)
        assert_stated("calibration", decimal, value)
    assert_printed("calibration", "the change of cross-entropy there", change(lowest))
    assert_stated("calibration", "0.0263", -change(lowest))
    assert change(lowest - mpf("0.01")) > change(lowest) < change(lowest + mpf("0.01"))


def test_transformer_limit_conditions():
    """The same blocks run forward at a large strength, norm epsilon and all."""
    h, v = mpmath.matrix([1, 2, -1]), mpmath.matrix([2, -1, 2])
    alpha, eps = mpf(10) ** 15, mpf("0.1")

    def norm(x, epsilon=0):
        return x / mpmath.sqrt(mpmath.fdot(x, x) / len(x) + epsilon)

    def far(x, y) -> Real:
        return mpmath.norm(x - y)

    def permute(x):
        return mpmath.matrix([x[1], x[2], x[0]])

    limit, small = norm(v), 10 / alpha
    steered = h + alpha * v
    assert far(norm(steered, eps), limit) < small
    assert far(norm(v, eps), limit) > mpf("0.01")
    assert far(norm(steered + permute(norm(steered))), limit) < small
    assert far(norm(steered + permute(steered)), norm(v + permute(v))) < small
    assert far(norm(v + permute(v)), limit) > mpf("0.01")
    logits = [limit[0] + limit[2], limit[1], limit[1] - limit[0], 2 * limit[0] - limit[2]]
    printed = value_of("transformer_limit_conditions", "a limit logit exceeds the soft-cap").split(", ")
    for logit, text in zip(logits, printed, strict=True):
        assert abs(logit - mpf(str(sp.N(text, 40)))) < mpf(10) ** -30
    assert max(logits) > 2 > 2 * mpmath.tanh(max(logits) / 2)


def test_quadratic_is_local():
    for strength, stated in (("0.01", "0.03%"), ("0.1", "2.5%"), ("0.5", "38%"), ("1", "55%")):
        alpha = mpf(strength)
        exact = quadratic = mpf(0)
        for context in range(3):
            base, log_odds = smoothed(context)
            steered = tilt(base, log_odds, alpha)
            exact -= mpmath.fsum(p * mpmath.log(q / p) for p, q in zip(base, steered, strict=True))
            variance = expect(base, [m**2 for m in log_odds]) - expect(base, log_odds) ** 2
            quadratic += variance * alpha**2 / 2
        assert exact > quadratic
        fraction = {"0.01": "1/100", "0.1": "1/10", "0.5": "1/2"}.get(strength, strength)
        assert_printed("quadratic_is_local", f"at alpha = {fraction} ", 1 - quadratic / exact)
        assert_stated("quadratic_is_local", stated, 1 - quadratic / exact)
