"""The data law of concepts: next-token probabilities that depend only on whether token and context share a concept."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum
from numbers import Rational

import numpy as np
from jaxtyping import Bool, Float, Int

Given = Rational | float
Number = Fraction | float
Table = tuple[tuple[Number, ...], ...]

ROUNDING = 1e-9
"""How far sums of floats, which may be typed decimals, may be off; sums of exact rationals must agree exactly."""


@dataclass(frozen=True, kw_only=True)
class DataLaw:
    """p(z|c) = a_z if token z and context c share a concept, else b_z, with 0 < b_z < a_z < 1.

    `a[k][i]` and `b[k][i]` belong to token i of concept k; tokens are numbered concept after concept. `contexts` names
    the concept of each context and `weights` their shares, which are normalised; by default there is one context per
    concept and shares are equal. Exact rationals (`fractions.Fraction`, `sympy.Rational`, integers) stay exact.

    Raises `ValueError` where the tables are no such distribution. Source: Definition 2.1 and Assumption 1.
    >>> DataLaw.smoothing(3, 3, 0.05).entropy
    1.331785...
    """

    a: Sequence[Sequence[Given]]
    b: Sequence[Sequence[Given]]
    contexts: Sequence[int] = ()
    weights: Sequence[Given] = ()

    def __post_init__(self) -> None:
        a, b = _table(self.a), _table(self.b)
        _check_shapes(a, b)
        _check_order(a, b)
        _check_normalised(a, b)
        contexts = tuple(self.contexts) or tuple(range(len(a)))
        object.__setattr__(self, "a", a)
        object.__setattr__(self, "b", b)
        object.__setattr__(self, "contexts", _checked_contexts(contexts, len(a)))
        object.__setattr__(self, "weights", _shares(self.weights, len(contexts)))

    @classmethod
    def smoothing(cls, G: int, s: int, eps: Given, *, contexts: Sequence[int] = ()) -> "DataLaw":
        """Uniform in and out of the concept: a = (1 - eps)/s, b = eps/((G - 1) s), with 0 < eps < (G - 1)/G."""
        uniform = [[Fraction(1, max(s, 1))] * s] * G
        return cls.weighted(G, s, eps, uniform, uniform, contexts=contexts)

    @classmethod
    def weighted(
        cls,
        G: int,
        s: int,
        eps: Given,
        gamma: Sequence[Sequence[Given]],
        omega: Sequence[Sequence[Given]],
        *,
        contexts: Sequence[int] = (),
    ) -> "DataLaw":
        """a_z = (1 - eps) gamma_z, b_z = eps omega_z/(G - 1); rows of gamma and omega, one a concept, sum to 1."""
        if G < 2 or s < 1:
            raise ValueError(f"data law: expected G >= 2 concepts of s >= 1 tokens, got G = {G}, s = {s}; raise them")
        inside, outside = _weights("gamma", gamma, G, s), _weights("omega", omega, G, s)
        stray = _number(eps)
        return cls(
            a=[[(1 - stray) * weight for weight in row] for row in inside],
            b=[[stray * weight / (G - 1) for weight in row] for row in outside],
            contexts=contexts,
        )

    @property
    def vocab_size(self) -> int:
        """V, the number of tokens."""
        return sum(map(len, self.a))

    @property
    def concept_of(self) -> Int[np.ndarray, " vocab"]:
        """The concept of each token."""
        return np.repeat(np.arange(len(self.a)), [len(row) for row in self.a])

    @property
    def concepts(self) -> Bool[np.ndarray, "concepts vocab"]:
        """Row k marks the tokens of concept k."""
        return self.concept_of == np.arange(len(self.a))[:, None]

    @property
    def delta(self) -> Number:
        """A_k - B_k, a concept's mass in its own contexts less its mass in others': the same for every concept."""
        return _total(self.a[0]) - _total(self.b[0])

    def exact(self, context: int) -> tuple[Given, ...]:
        """p(.|context) in the numbers the tables were given in, one a token."""
        home = self.contexts[context]
        return tuple(
            p
            for k, (inside, outside) in enumerate(zip(self.a, self.b, strict=True))
            for p in (inside if k == home else outside)
        )

    @property
    def probabilities(self) -> Float[np.ndarray, "contexts vocab"]:
        """p(z|c) in float64."""
        return np.array([self.exact(j) for j in range(len(self.contexts))], dtype=np.float64)

    @property
    def entropy(self) -> float:
        """Mean over contexts of -sum_z p(z|c) log p(z|c), nats: the cross-entropy of a perfectly trained model."""
        p = self.probabilities
        return float(np.array(self.weights, dtype=np.float64) @ -(p * np.log(p)).sum(axis=1))


def _number(x: Given) -> Number:
    """A Fraction where x is rational (SymPy's included), a float otherwise."""
    return Fraction(int(x.numerator), int(x.denominator)) if isinstance(x, Rational) else float(x)


def _total(row: Sequence[Given]) -> Number:
    exact = [x for x in row if isinstance(x, Fraction)]
    return sum(exact, Fraction(0)) if len(exact) == len(row) else fsum(row)


def _agree(x: Number, y: Number) -> bool:
    return x == y if isinstance(x, Fraction) and isinstance(y, Fraction) else abs(x - y) <= ROUNDING


def _table(rows: Sequence[Sequence[Given]]) -> Table:
    return tuple(tuple(_number(x) for x in row) for row in rows)


def _weights(name: str, given: Sequence[Sequence[Given]], G: int, s: int) -> Table:
    if [len(row) for row in given] != [s] * G:
        found = [len(row) for row in given]
        raise ValueError(f"{name}: expected {G} rows of {s} weights, got rows of {found}; give one row a concept")
    table = _table(given)
    for k, row in enumerate(table):
        if not _agree(_total(row), Fraction(1)):
            raise ValueError(
                f"{name} of concept {k}: expected weights that sum to 1, got {float(_total(row)):.12g}; "
                "divide them by their sum"
            )
    return table


def _check_shapes(a: Table, b: Table) -> None:
    if len(a) < 2 or not all(a):
        raise ValueError(f"a: expected at least two concepts of at least one token, got rows of {[len(r) for r in a]}")
    if [len(row) for row in a] != [len(row) for row in b]:
        raise ValueError(
            f"b: expected rows as long as those of a, {[len(r) for r in a]}, got {[len(r) for r in b]}; "
            "give a_z and b_z for every token"
        )


def _check_order(a: Table, b: Table) -> None:
    for k, (inside, outside) in enumerate(zip(a, b, strict=True)):
        for i, (a_z, b_z) in enumerate(zip(inside, outside, strict=True)):
            if not 0 < b_z < a_z < 1:
                raise ValueError(
                    f"token {i} of concept {k}: expected 0 < b < a < 1 (Assumption 1), got a = {float(a_z):.6g}, "
                    f"b = {float(b_z):.6g}; make it likelier in its own concept's contexts than in others'"
                )


def _check_normalised(a: Table, b: Table) -> None:
    deltas = [_total(inside) - _total(outside) for inside, outside in zip(a, b, strict=True)]
    for k, delta in enumerate(deltas):
        if not _agree(delta, deltas[0]):
            raise ValueError(
                f"concept {k}: expected the same A - B = {float(deltas[0]):.12g} as concept 0 (A, B its summed a, b), "
                f"got {float(delta):.12g}; shift mass between its a and b, else its contexts sum differently"
            )
    total = _total([b_z for row in b for b_z in row]) + deltas[0]
    if not _agree(total, Fraction(1)):
        raise ValueError(
            f"contexts of concept 0: expected probabilities that sum to 1, got {float(total):.12g}; "
            "divide every a and b by that"
        )


def _checked_contexts(contexts: tuple[int, ...], G: int) -> tuple[int, ...]:
    for j, concept in enumerate(contexts):
        if concept not in range(G):
            raise ValueError(f"context {j}: expected a concept from 0 to {G - 1}, got {concept}; name one of them")
    return contexts


def _shares(given: Sequence[Given], n: int) -> tuple[Number, ...]:
    weights = tuple(_number(w) for w in given) or (Fraction(1),) * n
    if len(weights) != n or not all(0 < w < float("inf") for w in weights):
        raise ValueError(f"weights: expected {n} positive numbers, one a context, got {[float(w) for w in weights]}")
    total = _total(weights)
    return tuple(w / total for w in weights)
