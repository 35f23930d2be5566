"""What a budget of nats per text allows of any failure, and what a concept costs at least (beyond the paper)."""

import sympy as sp

from theory.checker.binding import substitute
from theory.claims import Bounded
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, exponential_above_tangent, u
from theory.proofs import CURVES
from theory.quantities import TEXT_HIT_DIVERGENCE
from theory.steps import Argued, Identity, Inequality, Proved, Step, Supposed
from theory.tilted import Expr, TextTilt, alpha, j, summed, text, text_p, texts, unfolded
from theory.whole_texts import divergence, hit, texts_add_up

f, f_0 = sp.symbols("f f_0", positive=True)
after: Expr = sp.IndexedBase("P_1", positive=True)
before: Expr = sp.IndexedBase("P_0", positive=True)
"""Two distributions of texts, whatever they are."""
FROM_A_TO_ALL = ((after[text], text_p[j, text] * sp.exp(unfolded(TextTilt(0, alpha)))), (before[text], text_p[j, text]))


def _mass(of: Expr, member: Expr) -> Expr:
    return summed(member * of[text], (text, texts))


def _within(member: Expr) -> Expr:
    """Relative entropy within a set of texts less what its probability alone accounts for."""
    masses = _mass(after, member), _mass(before, member)
    each = after[text] * (sp.log(after[text] / before[text]) - sp.log(masses[0] / masses[1]))
    return summed(member * each, (text, texts))


def _log_sum(member: Expr, says: str) -> Inequality:
    ratio = before[text] * _mass(after, member) / (after[text] * _mass(before, member))
    excess = ratio - 1 - sp.log(ratio)
    return Inequality(
        says=says,
        smaller=sp.S.Zero,
        larger=_within(member),
        certificate=summed(member * after[text] * excess, (text, texts)),
        given=(Proved(fact=excess >= 0, by=exponential_above_tangent(), at=((u, sp.log(ratio)),)),),
    )


def _derivation() -> list[Step]:
    (kl,) = CURVES["text_hit_divergence"]
    inside = _log_sum(
        hit,
        "Within a set A of texts (here those with a hit), the relative entropy of any two distributions is not"
        " negative: u = log x in 1 + u <= exp(u), x the ratio of the conditional ones",
    )
    outside = _log_sum(1 - hit, "nor is it outside of A")
    parts = [substitute(_within(member), FROM_A_TO_ALL) for member in (hit, 1 - hit)]
    return [
        exponential_above_tangent(),
        inside,
        outside,
        Inequality(
            name="budget",
            says="so kl(P_alpha(A), P_0(A)), which the two leave of KL(P_alpha, P_0), is at most that",
            smaller=kl,
            larger=divergence,
            certificate=sum(parts),
            given=tuple(
                Proved(fact=part >= 0, by=step, at=FROM_A_TO_ALL)
                for part, step in zip(parts, (inside, outside), strict=True)
            ),
        ),
        Identity(
            says="kl(f, f_0) grows with f above f_0: a budget of B nats leaves the chance of A at most the largest f"
            " with kl(f, f_0) <= B, and to bring a concept from f_0 to f costs at least kl(f, f_0)",
            lhs=sp.Derivative(f * sp.log(f / f_0) + (1 - f) * sp.log((1 - f) / (1 - f_0)), f),
            rhs=sp.log(f / f_0) - sp.log((1 - f) / (1 - f_0)),
            given=(Supposed(1 - f > 0), Supposed(1 - f_0 > 0)),
        ),
        Argued(
            says="For rare failures the Renyi divergence D_l bounds more closely, for every l > 1: P_alpha(A) is at"
            " most P_0(A)^(1 - 1/l) exp((1 - 1/l) D_l(P_alpha, P_0))",
            because="Hoelder's inequality for the indicator of A and the weight P_alpha/P_0, exponents l/(l - 1), l",
        ),
        *texts_add_up(),
    ]


LAW = Law(
    id="text_budget",
    title="What a text budget allows of any failure",
    source="beyond the paper; data processing inequality",
    reading="Whatever texts A are to be avoided or sought, kl(P_alpha(A), P_0(A)) is at most KL(P_alpha, P_0): a"
    " failure of 1% cannot exceed 22.2% for half a nat per text, and a concept costs at least the kl of its chances.",
    statement=sp.Le(TEXT_HIT_DIVERGENCE.symbol, divergence, evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Bounded(
            says="kl(P_alpha(hit), P_0(hit)) is at most KL(P_alpha, P_0)",
            quantity=TEXT_HIT_DIVERGENCE,
            upper=divergence,
            proof=("budget",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a concept that moves by more than was spent",
        values=sp.Rational(5, 4) * divergence,
    ),
)
