"""Entry 3: a concept's probability can turn twice, which is none of the three published behaviours."""

from collections.abc import Iterable
from functools import cmp_to_key
from itertools import groupby

from theory.errata._concepts import ConceptData, rationals
from theory.errata._erratum import Erratum, Fact
from theory.errata._exact import concept_slope, digits, extremal, sign, zeros

CONCEPT = 1


def facts(data: ConceptData) -> Iterable[Fact]:
    """Every zero on the real line of the slope of the concept's probability, isolated with ball arithmetic."""
    inside = data.tokens(CONCEPT)
    order = sorted(range(len(data.base)), key=cmp_to_key(lambda y, z: sign(data.log_odds[y] - data.log_odds[z])))
    runs = "".join(letter for letter, _ in groupby("C" if z in inside else "N" for z in order))
    yield Fact(says="sorted by log-odds the tokens come in runs C, N, C, N", holds=runs == "CNCN", value=runs)
    lowest = extremal(data.log_odds, -1)
    yield Fact(
        says="the concept alone holds the smallest log-odds, so its probability falls from 1 to 0 overall",
        holds=set(lowest) <= set(inside) and set(extremal(data.log_odds, 1)).isdisjoint(inside),
    )

    slope = concept_slope(data.base, data.log_odds, inside)
    turns = zeros(slope)
    yield Fact(
        says="its slope has exactly two zeros on R, both simple: it falls, rises, and falls",
        holds=len(turns) == 2 and sign(slope.coefficients[0]) < 0 and sign(slope.coefficients[-1]) < 0,
        strength="certified",
        value=", ".join(digits(low, 6) for low, _ in turns),
    )


ERRATUM = Erratum(
    id="concept_turns_twice",
    number=3,
    kind="error",
    where="sentence after Thm 3.6",
    law="turning_points",
    published="v1 says that the steered probability of a concept exhibits three distinct behaviours: the target rises, "
    "a concept without extremal log-odds goes to the same limit at both ends, a dominated concept falls.",
    provable="The three are not exhaustive. The number of turning points is at most the number of times the concept "
    "alternates with its complement along the tokens sorted by log-odds, less one, with equal parity. In the instance "
    "the concept C2 holds the smallest log-odds, alternates three times and turns exactly twice.",
    evidence="certified",
    instance=ConceptData(
        inside=rationals("2477/5760 1553/2880 | 311/480 61/192 | 4919/21120 1933/2640"),
        outside=rationals("1/128 11/960 | 7/480 1/960 | 1/384 1/80"),
        context=2,
        negatives=(1, 2),
    ),
    verify=facts,
)
