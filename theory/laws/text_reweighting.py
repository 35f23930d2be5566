"""Unsteered texts, reweighed, tell the whole curve of anything about texts (beyond the paper)."""

import sympy as sp

from theory.claims import Close
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT
from theory.quantities import TEXT_HIT
from theory.steps import Identity, Step
from theory.tilted import Expr, J, TextMean, TextTilt, alpha, i, k, r, summed, z
from theory.whole_texts import hit, texts_add_up

log_weight = TextTilt(0, alpha)
reweighed = TextMean(hit * sp.exp(log_weight), sp.S.Zero)

counts: Expr = sp.IndexedBase("n_s", positive=True)
wanted: Expr = sp.IndexedBase("w", positive=True)


def _derivation() -> list[Step]:
    mixture = summed(counts[k] * r[k, z], (k, J))
    return [
        Identity(
            name="reweighed",
            says="A mean over steered texts is one over unsteered texts, each with the weight P_alpha/P_0",
            lhs=TextMean(hit, alpha),
            rhs=reweighed,
        ),
        Identity(
            says="The weights have the mean of the total probability of texts at the strength asked for",
            lhs=TextMean(sp.exp(log_weight), sp.S.Zero),
            rhs=TextMean(sp.S.One, alpha),
        ),
        *texts_add_up(),
        Identity(
            says="From n_s texts at each of several strengths, of distributions r_s, to any other distribution w:"
            " with the weight w/(sum_s n_s r_s) each text z is counted w(z) times on average over them all, so any"
            " score has its mean under w, without bias (balance heuristic)",
            lhs=summed(counts[i] * r[i, z] * wanted[z] / mixture, (i, J)),
            rhs=wanted[z],
        ),
    ]


LAW = Law(
    id="text_reweighting",
    title="Texts of a few strengths tell all of them",
    source="beyond the paper; balance heuristic (Veach and Guibas 1995)",
    reading="The mean of any score over steered texts is that over unsteered ones weighed by P_alpha/P_0, whose mean is"
    " 1; so texts sampled at a few strengths estimate the curve at all of them without bias.",
    statement=sp.Eq(TEXT_HIT.symbol, reweighed, evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Close(
            says="the chance of a hit is that of unsteered texts weighed by P_alpha/P_0",
            quantity=TEXT_HIT,
            value=reweighed,
            proof=("reweighed",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="texts weighed by the square root of their weights",
        values=TextMean(hit * sp.exp(log_weight / 2), sp.S.Zero),
    ),
)
