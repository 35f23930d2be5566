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

from numerics.lowering.forms import ForwardDivergence, LogMass, LogProbability, ReverseDivergence
from numerics.lowering.kernels import (
    Strengths,
    concept_divergence,
    cumulant,
    cumulant_of,
    cumulant_within,
    data_mean,
    distinct,
    divergence,
    envelope,
    extremal_log_mass,
    extreme_within,
    field,
    hits,
    log_mass,
    ordered_texts,
    steps_of_shares,
    text_spent,
    text_tilt,
)
from numerics.lowering.setting import Setting, on_axes
from theory import facts, tilted
from theory.tilted import Atom, Expr


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


def _fact(fact: Expr) -> Row:
    return Row(per=(), kernel=lambda setting: str(fact) in setting.known.baseline.facts)


def _array(per: str, name: str, part: str = "") -> Row:
    return Row(per=tuple(per.split()), fields=(name,), kernel=field(name, part))


CURVE, CONCEPT_CURVE = ("context", "strength"), ("context", "concept", "strength")
ODDS, BOTH, TWO = ("log_odds",), ("log_odds", "concepts"), ("log_odds", "other_log_odds")

ROWS: dict[Any, Row] = {
    # functions of the strength
    tilted.Cumulant: Row(per=CURVE, fields=ODDS, kernel=cumulant),
    tilted.ConceptCumulant: Row(per=CONCEPT_CURVE, fields=BOTH, kernel=cumulant_within(True)),
    tilted.OutsideCumulant: Row(per=CONCEPT_CURVE, fields=BOTH, kernel=cumulant_within(False)),
    tilted.LocalCumulant: Row(per=CURVE, fields=("local_log_odds",), kernel=cumulant_of("local_log_odds")),
    tilted.OtherCumulant: Row(per=CURVE, fields=("other_log_odds",), kernel=cumulant_of("other_log_odds")),
    tilted.JointCumulant: Row(per=CURVE, fields=TWO, kernel=cumulant_of(*TWO)),
    tilted.ConceptDivergence: Row(per=CONCEPT_CURVE, fields=BOTH, kernel=concept_divergence),
    tilted.Envelope: Row(per=CURVE, fields=ODDS, kernel=envelope),
    ForwardDivergence: Row(per=CURVE, fields=ODDS, kernel=divergence("forward")),
    ReverseDivergence: Row(per=CURVE, fields=ODDS, kernel=divergence("reverse")),
    LogMass: Row(per=CONCEPT_CURVE, fields=BOTH, kernel=log_mass),
    # of a whole text, in the place of a token
    tilted.TextTilt: Row(per=("context", "token", "strength"), fields=("log_odds", "writing"), kernel=text_tilt),
    tilted.TextSpent: Row(per=("context", "token", "strength"), fields=("log_odds", "writing"), kernel=text_spent),
    tilted.hits: Row(per=("token", "concept"), fields=("concepts", "writing"), kernel=hits),
    # of a context, of a concept
    tilted.DataMean: Row(per=("context",), fields=ODDS, kernel=data_mean),
    tilted.ExtremalLogMass: Row(per=("context",), fields=ODDS, kernel=extremal_log_mass),
    facts.in_target: Row(per=("context",), fields=("in_target",), kernel=field("in_target", dtype=bool)),
    tilted.is_target: Row(
        per=("concept",), fields=("concepts",), kernel=lambda s: jnp.arange(len(s.known.concepts)) == 0
    ),
    facts.C_max: Row(per=("concept",), fields=BOTH, kernel=extreme_within(True, jnp.max)),
    facts.C_min: Row(per=("concept",), fields=BOTH, kernel=extreme_within(True, jnp.min)),
    facts.out_max: Row(per=("concept",), fields=BOTH, kernel=extreme_within(False, jnp.max)),
    facts.out_min: Row(per=("concept",), fields=BOTH, kernel=extreme_within(False, jnp.min)),
    facts.sign_changes: Row(per=("context", "concept"), fields=BOTH, kernel=steps_of_shares(0)),
    facts.first_sign: Row(per=("context", "concept"), fields=BOTH, kernel=steps_of_shares(1)),
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
    # of the model, of its texts and their judge
    tilted.text_length: _array("", "writing", "length"),
    facts.ordered_texts: Row(per=(), fields=("log_odds", "writing"), kernel=ordered_texts),
    facts.false_yes: Row(per=(), fields=("judge_errors",), kernel=lambda s: s.known.need("judge_errors")[0]),
    facts.false_no: Row(per=(), fields=("judge_errors",), kernel=lambda s: s.known.need("judge_errors")[1]),
    tilted.M_max: Row(per=(), fields=ODDS, kernel=distinct(-1)),
    tilted.M_min: Row(per=(), fields=ODDS, kernel=distinct(0)),
    facts.M_second: Row(per=(), fields=ODDS, kernel=distinct(-2)),
    facts.M_second_last: Row(per=(), fields=ODDS, kernel=distinct(1)),
    facts.other_range: Row(per=(), fields=TWO[1:], kernel=lambda s: np.ptp(s.known.need("other_log_odds"))),
    facts.delta: _array("", "data_law", "delta"),
    facts.logit_curvature: _array("", "logit_curvature"),
    tilted.limit_remainder: _array("", "limit_remainder"),
    tilted.limit_strength: _array("", "limit_strength"),
    tilted.V: Row(per=(), kernel=lambda s: float(s.known.log_probs.shape[1])),
    **{fact: _fact(fact) for fact in (tilted.pre_norm, *facts.FACTS)},
}
