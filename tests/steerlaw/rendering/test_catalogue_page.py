"""`docs/laws.md` is what the catalogue prints, and the catalogue prints everything that a law holds."""

import re
from dataclasses import fields, replace
from itertools import zip_longest
from pathlib import Path

import pytest
import sympy as sp

from steerlaw.rendering.catalogue_page import catalogue_markdown, law_markdown
from steerlaw.rendering.derivations import symbols
from steerlaw.rendering.prose import in_unicode
from theory.catalogue import laws
from theory.checker.kinds import Argued, Identity, Inequality, Limit, Step, kind
from theory.claims import Bounded, Close, Condition, Turns
from theory.law import Counterexample, Law
from theory.printing.notation import one_line
from theory.quantities import KL_FORWARD, LOG_PROBABILITY
from theory.tilted import alpha, token_a, x

PAGE = Path(__file__).parents[3] / "docs" / "laws.md"
COMMAND = "python -m steerlaw.rendering.catalogue_page > docs/laws.md"
LAWS = laws()


def test_the_page_is_what_the_catalogue_prints():
    written, printed = PAGE.read_text().splitlines(), catalogue_markdown().splitlines()
    for number, (old, new) in enumerate(zip_longest(written, printed), start=1):
        assert old == new, f"docs/laws.md:{number} is not what the laws say now; if they are right: {COMMAND}"


@pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))
def test_every_step_is_on_the_page(law: Law):
    """A step that the proof would be checked without cannot be dropped unseen."""
    steps, section = list(law.derivation()), law_markdown(law)
    numbers = [int(n) for n in re.findall(r"^(\d+)\. ", section, re.MULTILINE)]
    assert numbers == list(range(1, len(steps) + 1))
    for number, step in enumerate(steps, start=1):
        assert f"\n\n{number}. {in_unicode(step.says)} *({kind(step)}" in section


t = sp.Symbol("t", positive=True)
FACT = t > alpha
CLAIMED = {"says": "it is so", "quantity": KL_FORWARD, "domain": sp.Interval(0, sp.oo)}
CLAIMED["condition"] = Condition(name="if it can be", holds=FACT)
STEPS = [
    Identity(says="it is so", lhs=alpha, rhs=t, where=((t, alpha),)),
    Inequality(
        says="it is so",
        smaller=alpha,
        larger=t,
        certificate=t - alpha,
        strict=True,
        given=(FACT,),
        some={x: token_a},
        taylor=(t, 2),
        where=((t, alpha),),
    ),
    Limit(says="it is so", expr=alpha / t, variable=t, point=sp.oo, value=sp.S.Zero),
    Argued(says="it is so", because="everybody says so"),
]
CLAIMS = [
    Close(**CLAIMED, value=alpha, remainder=t, derivative=1, integral=alpha**2 / 2),
    Turns(**CLAIMED, n=1, first="rising", turn=alpha),
    Bounded(**CLAIMED, lower=alpha, upper=t, derivative=1),
]
EXAMPLE = Counterexample(says="it is not so", values=alpha, limits=((t,) * 3, (t,) * 3))
OTHER = {
    "title": "Another",
    "source": "elsewhere",
    "reading": "Otherwise.",
    "says": "otherwise",
    "because": "for no reason",
    "id": "another_law",
    "hypotheses": (),
    "claims": (),
    "derivation": list,
    "counterexample": replace(EXAMPLE, claim=2),
    "quantity": LOG_PROBABILITY,
    "domain": sp.Interval(0, 1),
    "condition": Condition(name="if it can be", holds=alpha > t),
    "n": 2,
    "first": "falling",
    "derivative": 2,
    "strict": False,
    "given": (t > 2 * alpha,),
    "grants": (t > 3 * alpha,),
    "name": "a name",
    "proof": ("a name",),
    "some": {x: x},
    "taylor": (t, 3),
    "where": ((alpha, t),),
    "variable": alpha,
    "point": -sp.oo,
    "claim": 1,
    "probabilities": (sp.Rational(1, 3),) * 3,
    "log_odds": (t,) * 3,
    "token": 1,
    "concept": (1,),
    "in_target": True,
    "limits": ((t, t, alpha), (t, t, t)),
    "limit_strength": 3,
    "window": (0.0, 1.0),
}
"""Another value of each field; `7 alpha` for the others, which are formulas."""


LAW = Law(
    id="some_law",
    title="A law",
    source="nowhere",
    reading="It is so.",
    statement=sp.Eq(alpha, t),
    hypotheses=("that it is so",),
    claims=(CLAIMS[0],),
    derivation=lambda: STEPS[:1],
    counterexample=EXAMPLE,
)


def section(part: Law | Step | Close | Turns | Bounded | Counterexample) -> str:
    """The section of a law with this part."""
    match part:
        case Law():
            return law_markdown(part)
        case Counterexample():
            return law_markdown(replace(LAW, counterexample=part))
        case Close() | Turns() | Bounded():
            return law_markdown(replace(LAW, claims=(part,)))
    return law_markdown(replace(LAW, derivation=lambda: [part]))


@pytest.mark.parametrize("part", [LAW, *STEPS, *CLAIMS, EXAMPLE], ids=lambda part: type(part).__name__)
def test_every_field_is_printed(part):
    printed = section(part)
    for field in fields(part):
        other = replace(part, **{field.name: OTHER.get(field.name, 7 * alpha)})
        assert section(other) != printed, f"{field.name} of {type(part).__name__} is not on the page"


def test_a_declared_sign_is_printed():
    """For t > 0, for t >= 0 and for every real t are different steps."""
    symbols = [sp.Symbol("t", **{sign: True}) for sign in ("positive", "nonnegative", "real")]
    printed = [section(Identity(says="it is so", lhs=t, rhs=t)) for t in symbols]
    assert len(set(printed)) == len(printed)


def test_symbols_are_defined_before_they_are_used():
    listed = re.findall(r"^- `(.+)`: \S", PAGE.read_text().split("## Symbols")[1].split("\n## ")[0], re.MULTILINE)
    assert len(set(listed)) == len(listed)
    for law in LAWS.values():
        own = [one_line(shown) for shown, _ in symbols(law)]
        assert own
        assert set(own) <= set(listed), law.id
