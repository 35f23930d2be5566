"""What a judge who errs makes of a curve of texts (beyond the paper)."""

import sympy as sp

from theory.claims import Close
from theory.facts import false_no, false_yes
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT
from theory.quantities import TEXT_JUDGED
from theory.steps import Identity, Step
from theory.tilted import TextMean, alpha, slope
from theory.whole_texts import hit, log_slope

RATES = "the judge errs at the same rates at every strength: no text looks better or worse to it for being steered"

chance = TextMean(hit, alpha)
yes = (1 - false_no) * chance + false_yes * (1 - chance)
kept = 1 - false_yes - false_no


def _derivation() -> list[Step]:
    return [
        Identity(
            name="judged",
            says="A yes comes from texts with a hit that are not missed, or from others by mistake",
            lhs=yes,
            rhs=false_yes + kept * chance,
        ),
        Identity(
            name="slope",
            says="so the judged curve is the true one shrunk by 1 - a - b and shifted: its slope has the same sign,"
            " and it the same shape, wherever a + b < 1",
            lhs=slope(yes),
            rhs=kept * TextMean(hit * log_slope, alpha),
        ),
    ]


LAW = Law(
    id="judged",
    title="A judge who errs keeps the shape",
    source="beyond the paper",
    reading="Judged by one who says yes by mistake at the rate a and no at the rate b, whatever the strength, the share"
    " q of texts with the concept shows as a + (1 - a - b) q: same shape, and same direction if a + b < 1.",
    statement=sp.Eq(TEXT_JUDGED.symbol, false_yes + kept * chance, evaluate=False),
    hypotheses=(AFFINE, PERFECT, RATES),
    claims=(
        Close(
            says="the chance of a yes is a + (1 - a - b) times that of a hit",
            quantity=TEXT_JUDGED,
            value=false_yes + kept * chance,
            proof=("judged",),
        ),
        Close(
            says="and changes 1 - a - b times as fast",
            quantity=TEXT_JUDGED,
            derivative=1,
            value=kept * TextMean(hit * log_slope, alpha),
            integral=kept * chance,
            proof=("slope",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a judge who errs more often where the push is strong",
        values=yes + (1 - chance) * (1 - false_yes) * alpha**2 / (8 + alpha**2),
    ),
)
