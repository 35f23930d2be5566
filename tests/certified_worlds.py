"""Concrete steered models in exact and certified arithmetic, and the value of every symbol in one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache, reduce
from itertools import product
from operator import add, mul
from typing import Any

from flint import arb_series

import theory.facts as facts
import theory.tilted as tilted
from certified_balls import Number, ball, order

TEXT_LENGTH = 2
FALSE_YES, FALSE_NO = Fraction(1, 10), Fraction(1, 5)
"""Of the texts that a world writes, and of their judge."""

Strength = Any
"""A ball, or a power series about one."""
Table = tuple[tuple[Fraction, ...], ...]


class NotKnownError(Exception):
    """A model of this kind gives a symbol no value."""


def total(terms: Sequence[Any]) -> Any:
    return reduce(add, terms)


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """A steered model, contexts and tokens counted from 0; all its data are exact.

    `concepts` are sets of tokens, `target` one of all sets; `shares` weighs the contexts, `data` is the evaluation law
    (None: the model's own). `other` are the log-odds of a second vector, which adds to logits that are affine.
    """

    concepts: tuple[frozenset[int], ...]
    target: frozenset[int]
    shares: tuple[Fraction, ...]
    data: Table | None = None
    other: tuple[Fraction, ...] = ()

    def logits(self, context: int, strength: Strength) -> list[Any]:
        """Logits of a context's next token under steering."""
        raise NotImplementedError

    def probability(self, context: int, token: int) -> Number:
        """Unsteered probability, exact where it is rational."""
        raise NotImplementedError

    @property
    def log_odds(self) -> Sequence[Number]:
        """M, one value a token."""
        raise NotImplementedError

    @property
    def unit(self) -> Fraction:
        """A strength that changes the law by about as much as a nat."""
        raise NotImplementedError

    @property
    def tokens(self) -> range:
        return range(len(self.log_odds))

    @property
    def contexts(self) -> range:
        return range(len(self.shares))

    @cached_property
    def texts(self) -> list[tuple[int, ...]]:
        """Every text of two tokens."""
        return list(product(self.tokens, repeat=TEXT_LENGTH))

    def drawn_in(self, context: int, text: Sequence[int]) -> list[int]:
        """The contexts in which the tokens of a text begun in a context are drawn."""
        return [context, *(self.follows(z) for z in text[:-1])]

    def follows(self, token: int) -> int:
        """The context that a token leads to."""
        return token % len(self.contexts)

    def ordered_texts(self) -> bool:
        """Whether next tokens are monotone in likelihood ratio; where log-odds are equal, ratios are."""

        def grows(low: int, high: int, one: int, other: int) -> bool:
            of = [
                self.probability(self.follows(z), y) for z, y in ((high, other), (low, one), (high, one), (low, other))
            ]
            return order(of[0] * of[1], of[2] * of[3]) >= 0

        pairs = [(z, w) for z in self.tokens for w in self.tokens if order(self.log_odds[z], self.log_odds[w]) <= 0]
        return all(grows(*before, *after) for before in pairs for after in pairs)

    def symbol(self, symbol: Any, subject: "Subject") -> Number:
        """Value of a symbol that only models of this kind know."""
        raise NotKnownError(f"{type(self).__name__} knows no value of {symbol}")

    def array(self, base: Any, indices: tuple[int, ...]) -> Number:
        """Entry of an array that only models of this kind know, indices from 0."""
        raise NotKnownError(f"{type(self).__name__} knows no value of {base}")


@lru_cache(maxsize=4096)
def log_probabilities(world: World, context: int, at: Fraction, order: int = 0) -> list[Any]:
    """Log-probabilities at a strength, as series up to the given order where that is not 0."""
    strength = arb_series([ball(at), 1], prec=order + 1) if order else ball(at)
    logits = world.logits(context, strength)
    normaliser = total([logit.exp() for logit in logits]).log()
    return [logit - normaliser for logit in logits]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One curve of a world: the context, the token and the concept at hand, as `certified_balls.evaluate` asks for."""

    world: World
    context: int = 0
    token: int = 0
    concept: int = 0
    known: dict[Any, Number] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return f"context {self.context}, token {self.token}, concept {self.concept}"

    @property
    def size(self) -> int:
        return len(self.world.tokens)

    @property
    def members(self) -> frozenset[int]:
        """Tokens of the concept at hand."""
        return self.world.concepts[self.concept]

    def value(self, symbol: Any) -> Number:
        """Value of a symbol, worked out once."""
        if symbol not in self.known:
            self.known[symbol] = self._value(symbol)
        return self.known[symbol]

    def entry(self, base: Any, indices: tuple[int, ...]) -> Number:
        """Entry of an array, indices from 1, worked out once."""
        if (base, indices) not in self.known:
            self.known[base, indices] = self._entry(base, tuple(n - 1 for n in indices))
        return self.known[base, indices]

    def _value(self, symbol: Any) -> Number:
        world = self.world
        counts = {
            tilted.texts: len(world.texts),
            tilted.text_length: TEXT_LENGTH,
            tilted.V: self.size,
            tilted.J: len(world.contexts),
            tilted.z: self.token + 1,
            tilted.j: self.context + 1,
        }
        if symbol in counts:
            return Fraction(counts[symbol])
        match symbol:
            case tilted.M_max:
                return largest(world.log_odds)
            case tilted.M_min:
                return largest(world.log_odds, -1)
            case tilted.is_target:
                return self.members == world.target
            case facts.ordered_texts:
                return world.ordered_texts()
            case facts.false_yes:
                return FALSE_YES
            case facts.false_no:
                return FALSE_NO
            case facts.reference:
                return Fraction(1 + self.reference)
            case facts.assumption_1 | facts.in_target | facts.final_norm | tilted.pre_norm:
                try:
                    return world.symbol(symbol, self)
                except NotKnownError:
                    return False
        if symbol in facts.DERIVED:
            derived = facts.DERIVED[symbol](self)
            return Fraction(derived) if isinstance(derived, int) else derived
        return world.symbol(symbol, self)

    def _entry(self, base: Any, at: tuple[int, ...]) -> Number:
        world = self.world
        match base:
            case tilted.p:
                return world.probability(*at)
            case tilted.r:
                return world.data[at[0]][at[1]] if world.data else world.probability(*at)
            case tilted.pi:
                return world.shares[at[0]]
            case tilted.M:
                return world.log_odds[at[0]]
            case tilted.M_other if world.other:
                return world.other[at[0]]
            case tilted.C:
                return Fraction(at[0] in self.members)
            case tilted.T:
                return Fraction(at[0] in world.target)
            case tilted.text_p:
                context, text = at[0], world.texts[at[1]]
                steps = zip(world.drawn_in(context, text), text, strict=True)
                return reduce(mul, [world.probability(j, z) for j, z in steps])
            case tilted.text_odds:
                return total([ball(world.log_odds[z]) for z in world.texts[at[0]]])
            case tilted.visits:
                return Fraction(world.drawn_in(at[0], world.texts[at[1]]).count(at[2]))
            case tilted.hits:
                return Fraction(not self.members.isdisjoint(world.texts[at[0]]))
            case tilted.Top | tilted.Bottom:
                extreme = largest(world.log_odds, 1 if base == tilted.Top else -1)
                return Fraction(order(world.log_odds[at[0]], extreme) == 0)
        return world.array(base, at)

    @property
    def reference(self) -> int:
        """The most probable token of the unsteered context, the first of several."""
        law = [self.world.probability(self.context, z) for z in self.world.tokens]
        best = largest(law)
        return next(z for z, p in enumerate(law) if order(p, best) == 0)


def largest(numbers: Sequence[Number], side: int = 1) -> Number:
    """The largest (side 1) or smallest (side -1) of several numbers."""
    best = numbers[0]
    for number in numbers[1:]:
        best = number if order(number, best) * side > 0 else best
    return best
