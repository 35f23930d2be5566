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
class Identity:
    """`lhs = rhs`, both unfolded by `definition`; `where` lists what stands for what (`M[y]` for its definition).

    `given` are the facts by which both sides are defined.
    """

    says: str
    lhs: Expr
    rhs: Expr
    given: tuple[Expr, ...] = ()
    where: Where = ()


@dataclass(frozen=True, kw_only=True)
class Inequality:
    """`smaller <= larger`, `<` if strict, because `larger - smaller = certificate`, which is visibly non-negative.

    `given` are the facts it may use (a fact with a bound index holds for every index); `some` names, index for index,
    a term that makes a sum strictly positive. With `taylor = (t, n)` the difference and its first n - 1 derivatives in
    t vanish at t = 0 and the certificate is its n-th derivative, non-negative for every t (n even) or every t >= 0; a
    fact that holds t then holds for every such t. Facts are proved by other steps or are assumptions of the law.
    """

    says: str
    smaller: Expr
    larger: Expr
    certificate: Expr
    strict: bool = False
    given: tuple[Expr, ...] = ()
    some: dict[sp.Symbol, sp.Symbol] = field(default_factory=dict, hash=False)
    taylor: tuple[sp.Symbol, int] | None = None
    where: Where = ()


@dataclass(frozen=True, kw_only=True)
class Limit:
    """`expr -> value` as `variable -> point`, which is +oo or -oo."""

    says: str
    expr: Expr
    variable: sp.Symbol
    point: Expr
    value: Expr


@dataclass(frozen=True, kw_only=True)
class Argued:
    """A step no machine here checks; `because` names the theorem or the argument."""

    says: str
    because: str


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
