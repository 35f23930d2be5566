"""A law: what it says, what it needs, why it is true, and what would break it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp

from theory.checker.kinds import Step
from theory.claims import Claim
from theory.tilted import Expr


@dataclass(frozen=True, kw_only=True)
class Counterexample:
    """A curve, in a small instance, that the comparator must flag as a departure from claim number `claim`.

    `values` is the curve, an expression in the same atoms as the claim's, so that it evaluates like a prediction. The
    instance has one context with next-token distribution `probabilities` and log-odds `log_odds`, which are also its
    logit shift; `token` (0-based) is the token at hand, `concept` the tokens of the concept at hand and the target, to
    which the context belongs if `in_target`. `limits` are the predicted logits at -inf and +inf, exact from strength
    `limit_strength` on. Strengths run over `window`.
    """

    says: str
    values: Expr
    claim: int = 0
    probabilities: tuple[Expr, ...] = (sp.Rational(1, 2), sp.Rational(1, 3), sp.Rational(1, 6))
    log_odds: tuple[Expr, ...] = (sp.Integer(-1), sp.Integer(0), sp.Integer(2))
    token: int = 0
    concept: tuple[int, ...] = (2,)
    in_target: bool = False
    limits: tuple[tuple[Expr, ...], tuple[Expr, ...]] | None = None
    limit_strength: int = 2
    window: tuple[float, float] = (-6.0, 6.0)


@dataclass(frozen=True, kw_only=True)
class Law:
    """One law of steering.

    `conditions` can be checked before steering (each claim carries its own); `hypotheses` are what the proof assumes of
    the model and never excuse an observed one. `statement` is SymPy, so that it prints as LaTeX; `reading` is the same
    in one plain sentence. `derivation()` returns the typed steps of the proof; `grants` are the inequalities that the
    hypotheses come to, in formulas, which steps may suppose.
    """

    id: str
    title: str
    source: str
    reading: str
    statement: Expr
    hypotheses: tuple[str, ...]
    claims: tuple[Claim, ...]
    derivation: Callable[[], Sequence[Step]]
    counterexample: Counterexample
    grants: tuple[Expr, ...] = ()
