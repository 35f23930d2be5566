"""The four kinds of step a derivation is made of, and what a check of one says."""

from dataclasses import dataclass, field
from typing import Literal, get_args

import sympy as sp

from theory.tilted import Expr

Status = Literal["checked", "failed", "undecided", "argued"]
Where = tuple[tuple[Expr, Expr], ...]


class NotCheckedError(Exception):
    """Why a step is not checked."""

    def __init__(self, status: Status, detail: str) -> None:
        super().__init__(detail)
        self.status: Status = status


@dataclass(frozen=True, kw_only=True)
class Proved:
    """A fact that another step proves; `at` lists what stands for that step's symbols and arrays, as `where` does.

    What that step supposes must be visible, at `at`, from the other facts given.
    """

    fact: Expr
    by: "Inequality"
    at: Where = ()


@dataclass(frozen=True)
class Supposed:
    """A fact that belongs to what the step states: it holds where this does.

    Of a step that a claim names, what it supposes is what the claim's condition and the law's hypotheses grant.
    """

    fact: Expr


Given = Proved | Supposed | Expr
"""What a step may use; a bare formula is a fact of the setting (`theory.facts.SETTING`)."""


def fact(given: Given) -> Expr:
    """The inequality itself, whatever it rests on."""
    return given.fact if isinstance(given, Proved | Supposed) else given


@dataclass(frozen=True, kw_only=True)
class Identity:
    """`lhs = rhs`, both unfolded by `definition`; `where` lists what stands for what (`M[y]` for its definition).

    `given` are the facts by which both sides are defined.
    """

    says: str
    lhs: Expr
    rhs: Expr
    given: tuple[Given, ...] = ()
    where: Where = ()
    name: str = ""
    """What claims name the step by; "" for a step that no claim names."""


@dataclass(frozen=True, kw_only=True)
class Inequality:
    """`smaller <= larger`, `<` if strict, because `larger - smaller = certificate`, which is visibly non-negative.

    `given` are the facts it may use, each with what it rests on (a fact with a bound index holds for every index);
    `some` names, index for index, a term that makes a sum strictly positive. With `taylor = (t, n)` the difference and
    its first n - 1 derivatives in t vanish at t = 0 and the certificate is its n-th derivative, non-negative for every
    t (n even) or every t >= 0; what is supposed must not depend on t then.
    """

    says: str
    smaller: Expr
    larger: Expr
    certificate: Expr
    strict: bool = False
    given: tuple[Given, ...] = ()
    some: dict[sp.Symbol, sp.Symbol] = field(default_factory=dict, hash=False)
    taylor: tuple[sp.Symbol, int] | None = None
    where: Where = ()
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """`expr -> value` as `variable -> point`, which is +oo or -oo."""

    says: str
    expr: Expr
    variable: sp.Symbol
    point: Expr
    value: Expr
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Argued:
    """A step no machine here checks; `because` names the theorem or the argument."""

    says: str
    because: str
    name: str = ""


Step = Identity | Inequality | Limit | Argued


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A step and the outcome of its check; `detail` says how it was checked, or shows where it fails."""

    step: Step
    status: Status
    detail: str


def kind(step: Step) -> str:
    """`identity`, `inequality`, `limit` or `argued`."""
    return _name(type(step))


def _name(kind: type) -> str:
    return kind.__name__.lower()


KINDS = tuple(map(_name, get_args(Step)))
"""Names of the kinds, as reports count them."""
