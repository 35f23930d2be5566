"""What a claim is judged by: which variables of a sweep have to be observed for it."""

import sympy as sp

from numerics.observing.variables import HOLDING, OF_ALL_SHAPES, REACHING
from theory.claims import Claim, Turns
from theory.quantities import KL_FORWARD, LOG_PROBABILITY, WHOLE_TEXTS


def by_shape(claim: Claim) -> bool:
    """Whether a claim is judged on the shape of every token's curve, which a sweep keeps of the whole vocabulary."""
    if not isinstance(claim, Turns) or claim.quantity != LOG_PROBABILITY or claim.domain != sp.S.Reals:
        return False
    return (claim.n, claim.first) in {(0, "rising"), (0, "falling"), (1, "rising")}


def needed(claim: Claim) -> frozenset[str]:
    """Names of the variables of a sweep (`numerics.observing.variables`) that show whether a claim holds.

    The shapes of all tokens' curves come with the curves of the chosen tokens, to be looked at; what a context spends
    on its next token, with whatever is to have its horizon in nats: not with what is said of whole texts.
    """
    curves = HOLDING.get(claim.quantity.id, (claim.quantity.id,))
    found = frozenset(curves) | (frozenset({*OF_ALL_SHAPES, *REACHING}) if by_shape(claim) else frozenset())
    of_context = claim.quantity.along == "strength" and claim.quantity.per[:1] == ("context",)
    spends = of_context and claim.quantity not in WHOLE_TEXTS
    return found | {KL_FORWARD.id} if spends else found
