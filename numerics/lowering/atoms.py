"""The atoms of the tilted-law algebra, one row each: its dimensions, the fields of a baseline it reads, its kernel.

A kernel gets the setting, then the strengths `[contexts or 1, strengths]` of an atom whose values run along them (its
last argument), then the atom's integers. It returns an array whose axes are the row's dimensions; arrays over tokens
come whole, and the row's reader picks out the tokens asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import sympy as sp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from numerics.checks import checked_log_probs
from numerics.closed_forms.concept_shares import share_steps
from numerics.exponential_sums.tilted import (
    Way,
    tilted_concept_divergence,
    tilted_divergences,
    tilted_envelope,
    tilted_log_mass,
    tilted_moments,
)
from numerics.lowering.forms import ForwardDivergence, LogMass, LogProbability, ReverseDivergence
from numerics.lowering.setting import Setting, on_axes
from theory import facts, tilted
from theory.tilted import Atom, Expr

Strengths = Float[Array, "#contexts strengths"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """Of one atom: the dimensions of its values, the fields they need beside `log_probs`, and what computes them."""

    per: tuple[str, ...]
    fields: tuple[str, ...] = ()
    kernel: Callable[..., Any]


def is_atom(e: Expr) -> bool:
    """Whether an expression is evaluated as a whole, by a row of the table."""
    return isinstance(e, Atom | sp.Indexed) or e in ROWS


def row_of(atom: Expr) -> Row:
    """The row of an atom; `ValueError` if there is none."""
    key = atom.base if isinstance(atom, sp.Indexed) else type(atom) if isinstance(atom, Atom) else atom
    if key not in ROWS:
        raise ValueError(f"{atom}: has no numerical form; give it a row in numerics.lowering.atoms")
    return ROWS[key]


def dimensions_of_atom(atom: Expr) -> set[str]:
    """The dimensions that an atom has beside the strength; that of the reference token is its context."""
    per = set(row_of(atom).per) - {"strength"}
    return per - {"token"} | {"context"} if _token(atom) == facts.reference else per


def read(atom: Expr, setting: Setting, strengths: Strengths | None) -> np.ndarray:
    """An atom's values on all four axes."""
    row = row_of(atom)
    integers = [int(a) for a in (atom.args if strengths is None else atom.args[:-1]) if a.is_Integer]
    values = row.kernel(setting, *([] if strengths is None else [strengths]), *integers)
    if "token" not in row.per:
        return on_axes(values, row.per)
    values = on_axes(values, row.per)
    if _token(atom) == facts.reference:
        values = np.broadcast_to(values, (len(setting.known.reference), *values.shape[1:]))
        return np.take_along_axis(values, setting.known.reference.reshape(-1, 1, 1, 1), axis=1)
    return values if setting.tokens is None else values[:, setting.tokens]


def _token(atom: Expr) -> Expr | None:
    """The token an array is read at; None for what has none."""
    if isinstance(atom, sp.Indexed):
        return atom.indices[-1]
    return atom.args[0] if isinstance(atom, LogProbability) else None


def over_contexts(
    kernel: Callable[..., Array],
    log_probs: Float[Array, "contexts ..."],
    log_odds: Float[Array, "*contexts vocab"],
    strengths: Strengths,
) -> Float[Array, "contexts ..."]:
    """`kernel(log_probs, log_odds, strengths)` at once, or by context where log-odds or strengths differ by it."""
    if log_odds.ndim == 1 and len(strengths) == 1:
        return kernel(log_probs, log_odds, strengths[0])
    odds = np.broadcast_to(log_odds, (len(log_probs), log_odds.shape[-1]))
    at = np.broadcast_to(strengths, (len(log_probs), strengths.shape[-1]))
    return jnp.asarray(np.stack([kernel(*row) for row in zip(log_probs, odds, at, strict=True)]))


def _moment(order: int) -> Callable[..., Array]:
    return lambda log_probs, odds, strengths: tilted_moments(log_probs, odds, strengths, order)[order]


def _cumulant(setting: Setting, strengths: Strengths, order: int) -> Array:
    return over_contexts(_moment(order), setting.known.log_probs, setting.known.log_odds, strengths)


def _cumulant_of(*fields: str) -> Callable[..., Array]:
    """Cumulants of other log-odds than M: the sum of these fields."""

    def kernel(setting: Setting, strengths: Strengths, order: int) -> Array:
        odds = sum(jnp.asarray(setting.known.need(field), jnp.float64) for field in fields)
        return over_contexts(_moment(order), setting.known.log_probs, odds, strengths)  # pyright: ignore[reportArgumentType]

    return kernel


def _cumulant_within(side: bool) -> Callable[..., Array]:
    def kernel(setting: Setting, strengths: Strengths, order: int) -> Array:
        masked = jnp.where(setting.known.concepts == side, setting.known.log_probs[:, None, :], -jnp.inf)
        return over_contexts(_moment(order), masked, setting.known.log_odds, strengths)

    return kernel


def _divergence(way: Way) -> Callable[..., Array]:
    def kernel(setting: Setting, strengths: Strengths) -> Array:
        return over_contexts(lambda *of: tilted_divergences(*of, (way,))[0], *setting.known.distribution, strengths)

    return kernel


def _log_mass(setting: Setting, strengths: Strengths, side: int) -> Array:
    def kernel(log_probs, odds, strengths):
        return tilted_log_mass(log_probs, odds, setting.known.concepts, strengths)[1 - side]

    return over_contexts(kernel, *setting.known.distribution, strengths)


def _concept_divergence(setting: Setting, strengths: Strengths) -> Array:
    def kernel(log_probs, odds, strengths):
        return tilted_concept_divergence(log_probs, odds, setting.known.concepts, strengths)

    return over_contexts(kernel, *setting.known.distribution, strengths)


def _envelope(setting: Setting, strengths: Strengths) -> Array:
    return over_contexts(tilted_envelope, *setting.known.distribution, strengths)


def _extremal_log_mass(setting: Setting, end: int) -> Array:
    extreme = setting.known.distinct_log_odds[-1 if end > 0 else 0]
    return logsumexp(setting.known.log_probs, axis=1, where=setting.known.log_odds == extreme)


def _data_mean(setting: Setting) -> Array:
    """E_r[M]; if r is the model's own, the very number that `Cumulant(1, 0)` is, so that their difference is 0."""
    data = setting.known.baseline.data
    if data is None:
        return _cumulant(setting, jnp.zeros((1, 1)), 1)[:, 0]
    data = jnp.asarray(data)
    return (
        setting.known.log_odds[data]
        if data.ndim == 1
        else jnp.exp(checked_log_probs(data, "data")) @ setting.known.log_odds
    )


def _extreme_within(side: bool, extreme: Callable[..., Array]) -> Callable[[Setting], Array]:
    """Over the tokens of each concept, or of its complement; not a number where there are none."""

    def kernel(setting: Setting) -> Array:
        members = setting.known.concepts == side
        worst = jnp.inf if extreme is jnp.min else -jnp.inf
        value = extreme(jnp.where(members, setting.known.log_odds, worst), axis=1)
        return jnp.where(members.any(axis=1), value, jnp.nan)

    return kernel


def _share_steps(which: int) -> Callable[[Setting], Array]:
    def kernel(setting: Setting) -> Array:
        tables = (np.asarray(a) for a in (setting.known.log_probs, setting.known.log_odds, setting.known.concepts))
        return jnp.asarray(share_steps(*tables)[which], jnp.float64)

    return kernel


def _distinct(n: int) -> Callable[[Setting], Any]:
    """The n-th of the distinct log-odds, from either end, as far as there are any."""

    def kernel(setting: Setting) -> Any:
        odds = setting.known.distinct_log_odds
        return odds[min(n, len(odds) - 1) if n >= 0 else max(n, -len(odds))]

    return kernel


def _field(name: str, part: str = "", dtype: Any = jnp.float64) -> Callable[[Setting], Array]:
    def kernel(setting: Setting) -> Array:
        value = setting.known.need(name)
        return jnp.asarray(getattr(value, part) if part else value, dtype)

    return kernel


def _fact(fact: Expr) -> Row:
    return Row(per=(), kernel=lambda setting: str(fact) in setting.known.baseline.facts)


def _array(per: str, name: str, part: str = "") -> Row:
    return Row(per=tuple(per.split()), fields=(name,), kernel=_field(name, part))


CURVE, CONCEPT_CURVE = ("context", "strength"), ("context", "concept", "strength")
ODDS, BOTH, TWO = ("log_odds",), ("log_odds", "concepts"), ("log_odds", "other_log_odds")

ROWS: dict[Any, Row] = {
    # functions of the strength
    tilted.Cumulant: Row(per=CURVE, fields=ODDS, kernel=_cumulant),
    tilted.ConceptCumulant: Row(per=CONCEPT_CURVE, fields=BOTH, kernel=_cumulant_within(True)),
    tilted.OutsideCumulant: Row(per=CONCEPT_CURVE, fields=BOTH, kernel=_cumulant_within(False)),
    tilted.LocalCumulant: Row(per=CURVE, fields=("local_log_odds",), kernel=_cumulant_of("local_log_odds")),
    tilted.OtherCumulant: Row(per=CURVE, fields=("other_log_odds",), kernel=_cumulant_of("other_log_odds")),
    tilted.JointCumulant: Row(per=CURVE, fields=TWO, kernel=_cumulant_of(*TWO)),
    tilted.ConceptDivergence: Row(per=CONCEPT_CURVE, fields=BOTH, kernel=_concept_divergence),
    tilted.Envelope: Row(per=CURVE, fields=ODDS, kernel=_envelope),
    ForwardDivergence: Row(per=CURVE, fields=ODDS, kernel=_divergence("forward")),
    ReverseDivergence: Row(per=CURVE, fields=ODDS, kernel=_divergence("reverse")),
    LogMass: Row(per=CONCEPT_CURVE, fields=BOTH, kernel=_log_mass),
    # of a context, of a concept
    tilted.DataMean: Row(per=("context",), fields=ODDS, kernel=_data_mean),
    tilted.ExtremalLogMass: Row(per=("context",), fields=ODDS, kernel=_extremal_log_mass),
    facts.in_target: Row(per=("context",), fields=("in_target",), kernel=_field("in_target", dtype=bool)),
    tilted.is_target: Row(
        per=("concept",), fields=("concepts",), kernel=lambda s: jnp.arange(len(s.known.concepts)) == 0
    ),
    facts.C_max: Row(per=("concept",), fields=BOTH, kernel=_extreme_within(True, jnp.max)),
    facts.C_min: Row(per=("concept",), fields=BOTH, kernel=_extreme_within(True, jnp.min)),
    facts.out_max: Row(per=("concept",), fields=BOTH, kernel=_extreme_within(False, jnp.max)),
    facts.out_min: Row(per=("concept",), fields=BOTH, kernel=_extreme_within(False, jnp.min)),
    facts.sign_changes: Row(per=("context", "concept"), fields=BOTH, kernel=_share_steps(0)),
    facts.first_sign: Row(per=("context", "concept"), fields=BOTH, kernel=_share_steps(1)),
    # of a token
    LogProbability: Row(per=("context", "token"), kernel=lambda s: s.known.log_probs),
    tilted.logit: Row(per=("context", "token"), kernel=lambda s: s.known.log_probs),
    tilted.p: Row(per=("context", "token"), kernel=lambda s: jnp.exp(s.known.log_probs)),
    tilted.M: Row(per=("token",), fields=ODDS, kernel=lambda s: s.known.log_odds),
    tilted.M_other: _array("token", "other_log_odds"),
    tilted.M_local: _array("context token", "local_log_odds"),
    tilted.logit_shift: _array("token", "logit_shift"),
    tilted.limit_minus: Row(per=("token",), fields=("limit_logits",), kernel=lambda s: s.known.need("limit_logits")[0]),
    tilted.limit_plus: Row(per=("token",), fields=("limit_logits",), kernel=lambda s: s.known.need("limit_logits")[1]),
    tilted.C: Row(
        per=("token", "concept"), fields=("concepts",), kernel=lambda s: s.known.concepts.T.astype(jnp.float64)
    ),
    tilted.T: Row(per=("token",), fields=("concepts",), kernel=lambda s: s.known.concepts[0].astype(jnp.float64)),
    facts.a: _array("token", "data_law", "inside"),
    facts.b: _array("token", "data_law", "outside"),
    facts.negative_share: _array("token", "data_law", "negative_share"),
    # the final normalisation
    facts.norm_h: _array("context token", "sphere", "h_part"),
    facts.norm_v: _array("token", "sphere", "v_part"),
    facts.norm_offset: _array("token", "sphere", "offset"),
    facts.norm_c: _array("context", "sphere", "c"),
    facts.norm_e: _array("context", "sphere", "e"),
    facts.norm_f: _array("", "sphere", "f"),
    # of the model
    tilted.M_max: Row(per=(), fields=ODDS, kernel=_distinct(-1)),
    tilted.M_min: Row(per=(), fields=ODDS, kernel=_distinct(0)),
    facts.M_second: Row(per=(), fields=ODDS, kernel=_distinct(-2)),
    facts.M_second_last: Row(per=(), fields=ODDS, kernel=_distinct(1)),
    facts.other_range: Row(per=(), fields=TWO[1:], kernel=lambda s: np.ptp(s.known.need("other_log_odds"))),
    facts.delta: _array("", "data_law", "delta"),
    facts.logit_curvature: _array("", "logit_curvature"),
    tilted.limit_remainder: _array("", "limit_remainder"),
    tilted.limit_strength: _array("", "limit_strength"),
    tilted.V: Row(per=(), kernel=lambda s: float(s.known.log_probs.shape[1])),
    **{fact: _fact(fact) for fact in (tilted.pre_norm, *facts.FACTS)},
}
