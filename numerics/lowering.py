"""From the closed form that was proved to the function that is evaluated: SymPy to JAX.

The atoms of the tilted-law algebra (cumulants, concept masses, averages) go to the stable kernels of `numerics.tilted`;
what stands between them is read off the expression tree, node by node. Before that, two rewritings that are exact in
mathematics remove cancellation: under a contexts' mean K becomes a relative entropy plus a linear term, and the
log-mass of a concept is taken relative to K.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any

import jax.numpy as jnp
import numpy as np
import sympy as sp
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from numerics.baseline import Baseline
from numerics.checks import checked_law, checked_log_odds, checked_log_probs, checked_strengths
from numerics.cross_entropy import cross_entropy_change
from numerics.tilted import tilted_divergences, tilted_log_mass, tilted_moments
from theory.claims import Claim, Close, Turns
from theory.law import Counterexample
from theory.tilted import (
    Atom,
    ConceptCumulant,
    ContextMean,
    Cumulant,
    DataMean,
    Expr,
    M,
    M_max,
    M_min,
    OutsideCumulant,
    VocabularyMean,
    alpha,
    is_target,
    limit_minus,
    limit_plus,
    limit_remainder,
    limit_strength,
    logit,
    logit_shift,
    p,
    pre_norm,
)

AXES = ("context", "token", "concept", "strength")
FACTS = (pre_norm,)

Lowered = Callable[..., Array]


class MissingInputError(ValueError):
    """A closed form needs a field of the baseline that is not there; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(f"the baseline holds no {field}, which this closed form needs")
        self.field = field


_FIELDS = {
    M_max: "log_odds",
    M_min: "log_odds",
    is_target: "concepts",
    limit_remainder: "limit_remainder",
    limit_strength: "limit_strength",
}


class _Divergence(Atom):
    """`KL(p, p_alpha) = K(alpha) - alpha K'(0)`; exists only here, to be evaluated without cancellation."""


class _LogMass(Atom):
    """`_LogMass(side, alpha)`: log-probability under the tilted law of the concept (side 1) or its complement (0)."""


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """Where an expression is evaluated: all arrays here have the four `AXES`, each of full length or 1."""

    baseline: Baseline
    strengths: Float[Array, " strengths"]
    tokens: Int[np.ndarray, " tokens"] | None

    def need(self, field: str) -> Any:
        value = getattr(self.baseline, field)
        if value is None:
            raise MissingInputError(field)
        return value

    @cached_property
    def log_probs(self) -> Float[Array, "contexts vocab"]:
        return checked_log_probs(self.baseline.log_probs)

    @cached_property
    def log_odds(self) -> Float[Array, " vocab"]:
        return checked_log_odds(self.need("log_odds"), vocab=self.log_probs.shape[-1])

    @cached_property
    def concepts(self) -> Bool[Array, "concepts vocab"]:
        return jnp.asarray(self.need("concepts"), dtype=bool)

    @cached_property
    def law(self) -> tuple[Float[Array, "contexts vocab"], Float[Array, " vocab"]]:
        return checked_law(self.log_probs, self.need("log_odds"))

    def chosen(self, values: ArrayLike) -> Array:
        """The chosen tokens of an array whose last axis is the vocabulary."""
        values = jnp.asarray(values)
        return values if self.tokens is None else values[..., self.tokens]


def lower(expr: Expr, per: tuple[str, ...] | None = None) -> Lowered:
    """A function `(baseline, strengths, tokens=None) -> float64 array` that evaluates a closed form in atoms.

    `per` are the dimensions of the result beside the strength, which comes last; a dimension that the expression does
    not depend on has length 1. Default: those it depends on (a token or a concept brings its context along).
    `strengths` is one-dimensional, `tokens` chooses token ids (default: the whole vocabulary). Booleans lower to
    Boolean arrays. K and log-probabilities are exact within `1e-12 |value| + 1e-12 + 4 eps max|alpha M|`; a contexts'
    mean of `K - alpha E[M]` on the model's own law is relatively accurate down to alpha = 0. Nothing overflows.

    >>> lower(tilted_mean())(baseline, [0.0, 1.0])     # [contexts, 2]
    """
    expr = sp.sympify(expr)
    dimensions = dimensions_of(expr) if per is None else tuple(per)
    missing = set(dimensions_of(expr)) - set(dimensions)
    if missing:
        raise ValueError(f"{expr}: depends on {', '.join(sorted(missing))}, but per = {dimensions} leaves that out")
    prepared = _prepared(expr)

    def evaluate(
        baseline: Baseline, strengths: ArrayLike, tokens: Int[ArrayLike, " tokens"] | None = None
    ) -> Float[Array, "*dimensions strengths"]:
        setting = _Setting(
            baseline=baseline,
            strengths=checked_strengths(strengths),
            tokens=None if tokens is None else np.asarray(tokens),
        )
        value = _evaluate(prepared, setting)
        axes = tuple(n for n, axis in enumerate(AXES) if axis not in (*dimensions, "strength"))
        return jnp.squeeze(value, axis=axes)

    return evaluate


def lower_domain(domain: sp.Set) -> Lowered:
    """The mask of the strengths that lie in a claim's domain: `(baseline, strengths) -> [strengths]`."""
    return lower(_as_relation(domain), per=())


def dimensions_of(expr: Expr) -> tuple[str, ...]:
    """The dimensions, beside the strength, that an expression in atoms depends on."""
    found: set[str] = set()
    for atom in _atoms(expr):
        found |= _dimensions_of_atom(atom)
    return tuple(axis for axis in AXES if axis in found)


def needs(claim: Claim) -> frozenset[str]:
    """The fields of a `Baseline` that evaluating a claim reads beside `log_probs`."""
    parts = [claim.condition.holds, _as_relation(claim.domain)]
    match claim:
        case Close():
            parts += [claim.value, claim.remainder]
        case Turns():
            parts += [claim.turn]
        case _:
            parts += [claim.lower, claim.upper]
    return frozenset(field for part in parts if part is not None for atom in _atoms(part) for field in _fields(atom))


def counterexample_baseline(counterexample: Counterexample) -> Baseline:
    """The instance a counterexample is set in, as a baseline of one context."""
    log_odds = np.array([float(value) for value in counterexample.log_odds])
    limits = counterexample.limits
    concept = np.isin(np.arange(log_odds.size), counterexample.concept)
    return Baseline(
        log_probs=np.log([[float(value) for value in counterexample.probabilities]]),
        log_odds=log_odds,
        concepts=concept[None, :],
        logit_shift=log_odds,
        limit_logits=None if limits is None else np.array(limits, dtype=float),
        limit_strength=None if limits is None else float(counterexample.limit_strength),
        limit_remainder=None if limits is None else 0.0,
        facts=frozenset(str(fact) for fact in FACTS),
    )


def _as_relation(domain: Expr) -> Expr:
    return sp.true if domain == sp.S.Reals else domain.as_relational(alpha)


def _is_atom(e: Expr) -> bool:
    if isinstance(e, sp.log) and isinstance(e.args[0], sp.Indexed):
        return True
    return isinstance(e, Atom | sp.Indexed) or e in _FIELDS or e in FACTS


def _atoms(expr: Expr) -> list[Expr]:
    """The outermost atoms of an expression."""
    if _is_atom(expr):
        return [expr]
    found = [atom for argument in expr.args for atom in _atoms(argument)]
    return list(dict.fromkeys(found))


def _dimensions_of_atom(atom: Expr) -> set[str]:
    match atom:
        case ConceptCumulant() | OutsideCumulant() | _LogMass():
            return {"context", "concept"}
        case Cumulant() | DataMean() | _Divergence():
            return {"context"}
        case ContextMean():
            return set(dimensions_of(atom.args[0])) - {"context"}
        case VocabularyMean():
            return set(dimensions_of(atom.args[0])) - {"token"}
        case sp.log() | sp.Indexed():
            return {"context", "token"}
        case _:
            return {"context", "concept"} if atom == is_target else set()


def _fields(atom: Expr) -> set[str]:
    match atom:
        case ConceptCumulant() | OutsideCumulant():
            return {"log_odds", "concepts"}
        case Cumulant() | DataMean():
            return {"log_odds"}
        case ContextMean() | VocabularyMean():
            return {field for inner in _atoms(atom.args[0]) for field in _fields(inner)}
        case sp.Indexed():
            bases = {M: "log_odds", logit_shift: "logit_shift", limit_plus: "limit_logits", limit_minus: "limit_logits"}
            return {bases[atom.base]} if atom.base in bases else set()
        case sp.log():
            return set()
    return {_FIELDS[atom]} if atom in _FIELDS else set()


def _prepared(expr: Expr) -> Expr:
    """The same expression in a form that does not cancel, with averages taken term by term."""
    expr = expr.replace(lambda e: isinstance(e, ConceptCumulant | OutsideCumulant) and e.args[0] == 0, _relative_mass)
    expr = expr.replace(
        lambda e: isinstance(e, ContextMean), lambda e: ContextMean(e.args[0].replace(_is_cgf, _excess))
    )
    return expr.replace(lambda e: isinstance(e, ContextMean | VocabularyMean), _term_by_term)


def _relative_mass(e: Expr) -> Expr:
    return Cumulant(0, e.args[1]) + _LogMass(int(isinstance(e, ConceptCumulant)), e.args[1])


def _is_cgf(e: Expr) -> bool:
    return type(e) is Cumulant and e.args[0] == 0


def _excess(K: Expr) -> Expr:
    return _Divergence(K.args[1]) + K.args[1] * Cumulant(1, sp.S.Zero)


def _term_by_term(mean: Expr) -> Expr:
    terms = [term.as_independent(*_atoms(term)) for term in sp.Add.make_args(sp.expand(mean.args[0]))]
    return sp.Add(*[factor * (mean.func(varying) if varying != 1 else 1) for factor, varying in terms])


_FUNCTIONS: dict[type, Callable[..., Array]] = {
    sp.Add: lambda *terms: reduce(jnp.add, terms),
    sp.Mul: lambda *factors: reduce(jnp.multiply, factors),
    sp.exp: jnp.exp,
    sp.log: jnp.log,
    sp.tanh: jnp.tanh,
    sp.sin: jnp.sin,
    sp.cos: jnp.cos,
    sp.Abs: jnp.abs,
    sp.sign: jnp.sign,
    sp.And: lambda *parts: reduce(jnp.logical_and, parts),
    sp.Or: lambda *parts: reduce(jnp.logical_or, parts),
    sp.Not: jnp.logical_not,
    sp.Equality: jnp.equal,
    sp.GreaterThan: jnp.greater_equal,
    sp.LessThan: jnp.less_equal,
    sp.StrictGreaterThan: jnp.greater,
    sp.StrictLessThan: jnp.less,
}


def _evaluate(expr: Expr, setting: _Setting) -> Array:
    """An expression on all four axes: atoms by kernels, what stands between them term by term."""
    if _is_atom(expr):
        return _on_axes(expr, setting)
    if expr == alpha:
        return setting.strengths.reshape(1, 1, 1, -1)
    if expr.is_number or expr in (sp.true, sp.false):
        return jnp.full((1, 1, 1, 1), bool(expr) if isinstance(expr, sp.logic.boolalg.Boolean) else float(expr))
    if isinstance(expr, sp.Pow) and expr.exp.is_number:
        exponent = int(expr.exp) if expr.exp.is_Integer else float(expr.exp)
        return _evaluate(expr.base, setting) ** exponent
    if isinstance(expr, sp.Piecewise):
        cases: Expr = expr.args
        value = _evaluate(cases[-1][0], setting)
        for case, condition in reversed(cases[:-1]):
            value = jnp.where(_evaluate(condition, setting), _evaluate(case, setting), value)
        return value
    if expr.func not in _FUNCTIONS:
        raise ValueError(
            f"{expr}: {expr.func.__name__} has no numerical form; write the closed form in atoms of theory.tilted"
        )
    return _FUNCTIONS[expr.func](*[_evaluate(argument, setting) for argument in expr.args])


def _on_axes(atom: Expr, setting: _Setting) -> Array:
    """An atom's values on all four axes."""
    match atom:
        case ContextMean():
            return _context_mean(atom.args[0], setting)
        case VocabularyMean():
            return _vocabulary_mean(atom.args[0], setting)
        case _LogMass():
            side, strength = atom.args
            inside, outside = tilted_log_mass(*setting.law, setting.concepts, _strengths(strength, setting))
            return (inside if side == 1 else outside)[:, None, :, :]
        case ConceptCumulant() | OutsideCumulant():
            members = setting.concepts if isinstance(atom, ConceptCumulant) else ~setting.concepts
            masked = jnp.where(members, setting.log_probs[:, None, :], -jnp.inf)
            return _moment(atom, masked, setting)[:, None, :, :]
        case Cumulant():
            return _moment(atom, setting.log_probs, setting)[:, None, None, :]
        case _Divergence():
            divergence = tilted_divergences(*setting.law, _strengths(atom.args[0], setting))[1]
            return divergence[:, None, None, :]
        case DataMean():
            return _data_mean(setting)
    if isinstance(atom, sp.log | sp.Indexed):
        return _per_token(atom, setting)[:, :, None, None]
    if atom == is_target:
        return (jnp.arange(setting.concepts.shape[0]) == 0).reshape(1, 1, -1, 1)
    return jnp.asarray(_scalar(atom, setting)).reshape(1, 1, 1, 1)


def _moment(
    atom: Cumulant, log_probs: Float[Array, "*rows vocab"], setting: _Setting
) -> Float[Array, "*rows strengths"]:
    order, strength = atom.args
    return tilted_moments(log_probs, setting.log_odds, _strengths(strength, setting), int(order))[int(order)]


def _strengths(expr: Expr, setting: _Setting) -> Float[Array, " strengths"]:
    return _evaluate(expr, setting).reshape(-1)


def _context_mean(expr: Expr, setting: _Setting) -> Array:
    weights = setting.baseline.weights
    if isinstance(expr, _Divergence):
        law, odds = setting.law
        return cross_entropy_change(law, odds, _strengths(expr.args[0], setting), weights).reshape(1, 1, 1, -1)
    values = _evaluate(expr, setting)
    shares = jnp.full(values.shape[0], 1.0) if weights is None else jnp.asarray(weights)
    return jnp.average(values, axis=0, weights=shares if values.shape[0] > 1 else None)[None]


def _vocabulary_mean(expr: Expr, setting: _Setting) -> Array:
    value = jnp.mean(_evaluate(expr, replace(setting, tokens=None)), axis=1, keepdims=True)
    if not jnp.isfinite(value).all():
        raise ValueError(
            "log_probs: hold -inf, but a centred logit needs finite ones; leave tokens of probability 0 out"
        )
    return value


def _data_mean(setting: _Setting) -> Array:
    """E_r[M]; on the model's own law the very number that `Cumulant(1, 0)` is, so that their difference is 0."""
    data = setting.baseline.data
    if data is None:
        return _on_axes(Cumulant(1, sp.S.Zero), setting)
    data = jnp.asarray(data)
    means = setting.log_odds[data] if data.ndim == 1 else jnp.exp(checked_log_probs(data, "data")) @ setting.log_odds
    return means.reshape(-1, 1, 1, 1)


def _per_token(atom: Expr, setting: _Setting) -> Float[Array, "contexts tokens"]:
    in_logs = isinstance(atom, sp.log)
    indexed: Expr = atom.args[0] if in_logs else atom
    base = indexed.base
    if base in (p, logit):
        return setting.chosen(setting.log_probs if in_logs or base == logit else jnp.exp(setting.log_probs))
    if base in (limit_minus, limit_plus):
        return setting.chosen(jnp.asarray(setting.need("limit_logits"))[None, int(base == limit_plus)])
    fields = {M: "log_odds", logit_shift: "logit_shift"}
    if base not in fields:
        raise ValueError(f"{atom}: no field of the baseline holds it")
    return setting.chosen(jnp.asarray(setting.need(fields[base]), dtype=jnp.float64)[None])


def _scalar(atom: Expr, setting: _Setting) -> Any:
    if atom in FACTS:
        return str(atom) in setting.baseline.facts
    if atom in (M_max, M_min):
        return (jnp.max if atom == M_max else jnp.min)(setting.log_odds)
    return float(setting.need(_FIELDS[atom]))
