"""The curves that a concrete steered model shows: quantity id -> certified value at an abscissa.

An observed quantity comes straight from the definition of the model, softmax of its logits at each strength, in
python-flint balls or, for exact derivatives, in power series of balls: no code of `numerics`, no atom of `theory`.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

from flint import arb, arb_series

from certified_balls import Number, UndecidedError, ball, order
from certified_ranks import singular_values
from certified_worlds import FALSE_NO, FALSE_YES, Strength, Subject, log_probabilities, total


def _mass(logs: Sequence[Any], tokens: Sequence[int] | frozenset[int]) -> Any:
    return total([logs[z].exp() for z in sorted(tokens)])


def _divergence(of: Sequence[Any], to: Sequence[Any]) -> Any:
    return total([one.exp() * (one - other) for one, other in zip(of, to, strict=True)])


def _concept_logit(subject: Subject, now: list[Any], base: list[arb]) -> Any:
    outside = set(subject.world.tokens) - subject.members
    return _mass(now, subject.members).log() - _mass(now, frozenset(outside)).log()


def _mean_log_odds(subject: Subject, now: list[Any], base: list[arb]) -> Any:
    return total([log.exp() * ball(m) for log, m in zip(now, subject.world.log_odds, strict=True)])


def _slope(subject: Subject, now: list[Any], base: list[arb]) -> Any:
    return now[subject.token].derivative()


def _most_probable(now: Sequence[arb]) -> int:
    for z, log in enumerate(now):
        if all(log > other for n, other in enumerate(now) if n != z):
            return z
    raise UndecidedError("two tokens are equally probable")


def _efficiency(subject: Subject, now: list[Any], base: list[arb]) -> Any:
    outside = frozenset(set(subject.world.tokens) - subject.members)
    parts = [(_mass(now, side), _mass(base, side)) for side in (subject.members, outside)]
    return total([after * (after.log() - before.log()) for after, before in parts]) / _divergence(now, base)


CURVES: dict[str, Callable[[Subject, list[Any], list[arb]], Any]] = {
    "log_probability": lambda subject, now, base: now[subject.token],
    "log_probability_slope": _slope,
    "log_ratio": lambda subject, now, base: now[subject.token] - now[subject.reference],
    "log_odds": lambda subject, now, base: ball(subject.world.log_odds[subject.token]) + 0 * now[0],
    "mean_log_odds": _mean_log_odds,
    "greedy_log_odds": lambda subject, now, base: ball(subject.world.log_odds[_most_probable(now)]),
    "entropy": lambda subject, now, base: total([-log.exp() * log for log in now]),
    "top_log_probability": lambda subject, now, base: reduce(arb.max, now),
    "kl_forward": lambda subject, now, base: _divergence(now, base),
    "kl_reverse": lambda subject, now, base: _divergence(base, now),
    "concept_logit": _concept_logit,
    "efficiency": _efficiency,
}
"""Quantity id -> the curve from the log-probabilities at a strength and at strength 0; balls or series of balls."""


def observed(quantity: Any, subject: Subject, at: Number, derivative: int = 0) -> arb:
    """The quantity, or its derivative in the strength, at an abscissa: certified, from the model alone."""
    if quantity.id in OTHERWISE:
        return OTHERWISE[quantity.id](subject, at, derivative)
    needed = derivative + (quantity.id == "log_probability_slope")
    now = log_probabilities(subject.world, subject.context, at, needed)
    base = log_probabilities(subject.world, subject.context, Fraction(0))
    return coefficient(CURVES[quantity.id](subject, now, base), derivative)


def coefficient(value: Any, derivative: int) -> arb:
    """The derivative of an order at the centre of a series; a plain ball is its own derivative of order 0."""
    if not isinstance(value, arb_series):
        return value
    factorial = reduce(lambda product, n: product * n, range(1, derivative + 1), 1)
    return value[derivative] * factorial


def _centred_logit(subject: Subject, at: Fraction, derivative: int) -> arb:
    strength = arb_series([ball(at), 1], prec=derivative + 1)
    logits = [coefficient(logit, derivative) for logit in subject.world.logits(subject.context, strength)]
    return logits[subject.token] - total(logits) / len(logits)


def _cross_entropy_change(subject: Subject, at: Fraction, derivative: int) -> arb:
    world, parts = subject.world, []
    for context in world.contexts:
        now, base = log_probabilities(world, context, at, derivative), log_probabilities(world, context, Fraction(0))
        for z in world.tokens:
            share = world.data[context][z] if world.data else world.probability(context, z)
            loss = coefficient(base[z] - now[z], derivative)
            parts.append(ball(world.shares[context]) * ball(share) * loss)
    return total(parts)


def _peak(subject: Subject, level: Number, derivative: int) -> arb:
    """Bisection on the sign of the mean log-odds less the level, which increases with the strength."""
    world = subject.world

    def side(strength: Fraction) -> int:
        logs = log_probabilities(world, subject.context, strength)
        mean = total([log.exp() * (ball(m) - ball(level)) for log, m in zip(logs, world.log_odds, strict=True)])
        return order(mean, Fraction(0))

    reach = world.unit
    while not side(-reach) < 0 < side(reach):
        reach *= 2
    low, high = -reach, reach
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if side(middle) <= 0 else (low, middle)
    return ball(low).union(ball(high))


def _interplay(subject: Subject, at: Fraction, derivative: int) -> arb:
    """Log-probability under both vectors, less what each alone adds to the unsteered one."""
    world, strength = subject.world, arb_series([ball(at), 1], prec=derivative + 1)

    def log_probability(here: Strength, there: Strength) -> Any:
        logits = world.logits(subject.context, here)
        logits = [logit + there * ball(slope) for logit, slope in zip(logits, world.other, strict=True)]
        return logits[subject.token] - total([logit.exp() for logit in logits]).log()

    both, one, two = ((strength, strength), (strength, 0 * strength), (0 * strength, strength))
    neither = log_probability(arb(0), arb(0))
    return coefficient(log_probability(*both) - log_probability(*one) - log_probability(*two) + neither, derivative)


def _singular_value(subject: Subject, rank: Fraction, derivative: int) -> arb:
    return singular_values(subject.world, subject.context)[int(rank) - 1]


def _chances(subject: Subject, at: Fraction, derivative: int) -> tuple[list[Any], list[frozenset[int]]]:
    """Log-probability of every text begun in the context at hand, and its tokens."""
    world = subject.world
    now = [log_probabilities(world, context, at, derivative) for context in world.contexts]
    drawn = [zip(world.drawn_in(subject.context, text), text, strict=True) for text in world.texts]
    return [total([now[j][z] for j, z in steps]) for steps in drawn], list(map(frozenset, world.texts))


def _hit(subject: Subject, at: Fraction, derivative: int = 0, *, hit: bool = True) -> Any:
    """The chance of a text with a token of the concept at hand, or of one without."""
    logs, texts = _chances(subject, at, derivative)
    return total([log.exp() for log, text in zip(logs, texts, strict=True) if text.isdisjoint(subject.members) != hit])


def _judged(subject: Subject, at: Fraction, derivative: int) -> arb:
    hit, miss = (_hit(subject, at, derivative, hit=side) for side in (True, False))
    return coefficient(hit * ball(1 - FALSE_NO) + miss * ball(FALSE_YES), derivative)


def _text_divergence(subject: Subject, at: Fraction, derivative: int) -> arb:
    now, before = (_chances(subject, strength, 0)[0] for strength in (at, Fraction(0)))
    return _divergence(now, before)


def _text_hit_divergence(subject: Subject, at: Fraction, derivative: int) -> arb:
    sides = [[_hit(subject, strength, hit=side) for strength in (at, Fraction(0))] for side in (True, False)]
    return total([now * (now / before).log() for now, before in sides])


OTHERWISE: dict[str, Callable[[Subject, Any, int], arb]] = {
    "centred_logit": _centred_logit,
    "cross_entropy_change": _cross_entropy_change,
    "interplay": _interplay,
    "peak": _peak,
    "singular_values": _singular_value,
    "text_hit": lambda subject, at, derivative: coefficient(_hit(subject, at, derivative), derivative),
    "text_judged": _judged,
    "text_divergence": _text_divergence,
    "text_hit_divergence": _text_hit_divergence,
}
"""Quantities that are no curve of one context's log-probabilities along the strength."""
