"""A reported claim: a number of each context, and the range in which somebody says that it lies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from theory.tilted import Expr

Per = Literal["block", "model"]

a = sp.Symbol("a", real=True)
"""The push: |alpha v| over the norm of the residual it is added to, with the sign of alpha."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """What one context shows, of which the answer is known: by name an expression in the push `a`, or several."""

    says: str
    seen: Mapping[str, Expr | float | tuple[Expr | float, ...]]


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One claim.

    `claim` is what the source says, in our words, and `asked` what was made of it here: `statistic` names the number
    (`numerics.reported`), in `unit`, that each context has at a block or (`per` model) over all blocks of a model; the
    claim is that it lies from `least` to `most`. `power` says what would pass without the claim being true, and so what
    a verdict is worth. `example` obeys, `counterexample` has to be flagged.
    """

    id: str
    title: str
    source: str
    claim: str
    asked: str
    statistic: str
    unit: str
    least: float
    most: float
    per: Per
    power: str
    example: Planted
    counterexample: Planted
