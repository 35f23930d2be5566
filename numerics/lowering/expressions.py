"""From the closed form that was proved to the function that is evaluated: SymPy to JAX.

A closed form is first rewritten so that it does not cancel (`numerics.lowering.forms`). Its atoms go to the stable
kernels that the table of `numerics.lowering.atoms` names; what stands between them is read off the expression tree,
node by node, in NumPy, which unlike JAX need not compile every operation for every shape.
"""

from collections.abc import Callable
from functools import lru_cache, reduce

import jax.numpy as jnp
import numpy as np
import sympy as sp
from jaxtyping import Float, Int

from numerics.arrays import ArrayLike
from numerics.baseline import Baseline
from numerics.checks import checked_strengths
from numerics.closed_forms.cross_entropy import cross_entropy_change
from numerics.exponential_sums.tilted import tilted_covariance
from numerics.lowering.atoms import dimensions_of_atom, is_atom, read, row_of
from numerics.lowering.forms import ReverseDivergence, outermost, prepared
from numerics.lowering.setting import AXES, EachContext, Setting, Settings, on_axes, settings_of
from theory.claims import Claim, Close, Turns
from theory.quantities import ABSCISSA, Along
from theory.tilted import ContextMean, Covariance, Expectation, Expr, Mean, TextMean, TextTilt, VocabularyMean

Lowered = Callable[..., np.ndarray]

AVERAGED = {ContextMean: "context", VocabularyMean: "token"}
ABSCISSAE = frozenset(ABSCISSA.values())


def lower(expr: Expr, per: tuple[str, ...] | None = None) -> Lowered:
    """A function `(baseline, strengths, tokens=None) -> float64 array` that evaluates a closed form in atoms.

    `per` are the dimensions of the result beside the strength, which comes last; a dimension that the expression does
    not depend on has length 1. Default: those it depends on. `strengths` is one-dimensional: the values of the variable
    that the curves run along, alpha or `level` or `rank`. `tokens` chooses token ids (default: the whole vocabulary).
    Given `Settings` in place of the baseline, what several forms have in common is computed once. Booleans lower to
    Boolean arrays. K and log-probabilities are exact within `1e-12 |value| + 1e-12 + 4 eps max|alpha M|`; relative
    entropies, whose terms would cancel, and a contexts' mean of `K - alpha E[M]` on the model's own distribution are
    relatively accurate down to alpha = 0. Nothing overflows.

    >>> lower(tilted_mean())(baseline, [0.0, 1.0])     # [contexts, 2]
    """
    stable = _stable(sp.sympify(expr))
    present = dimensions_of(stable)
    dimensions = present if per is None else tuple(per)
    missing = set(present) - set(dimensions)
    if missing:
        raise ValueError(f"{expr}: depends on {', '.join(sorted(missing))}, but per = {dimensions} leaves that out")

    def evaluate(
        baseline: Baseline | Settings, strengths: ArrayLike, tokens: Int[ArrayLike, " tokens"] | None = None
    ) -> Float[np.ndarray, "*dimensions strengths"]:
        if isinstance(baseline, EachContext):
            parts = [evaluate(each, strengths, tokens) for each in baseline.contexts]
            return np.concatenate(parts) if dimensions[:1] == ("context",) else parts[0]
        chosen = None if tokens is None else np.asarray(tokens)
        setting = settings_of(baseline).at(checked_strengths(strengths), chosen)
        with np.errstate(all="ignore"):  # what overflows is inf, and what has no value nan, as in JAX
            value = _evaluate(stable, setting)
        return np.squeeze(value, axis=tuple(n for n, axis in enumerate(AXES) if axis not in (*dimensions, "strength")))

    return evaluate


def lower_domain(domain: sp.Set, along: Along = "strength") -> Lowered:
    """The mask of the points of the abscissa that lie in a claim's domain: `(baseline, strengths) -> [strengths]`."""
    return lower(_as_relation(domain, along), per=())


def dimensions_of(expr: Expr) -> tuple[str, ...]:
    """The dimensions, beside the strength, that an expression in atoms depends on."""
    found: set[str] = set()
    for atom in outermost(_stable(expr), is_atom):
        if isinstance(atom, Mean):
            found |= set(dimensions_of(atom.args[0])) - {AVERAGED[type(atom)]}
        elif isinstance(atom, Expectation | Covariance | TextMean):
            found |= {"context", *(axis for f in atom.args[:-1] for axis in dimensions_of(f))} - {"token"}
        else:
            found |= dimensions_of_atom(atom)
    return tuple(axis for axis in AXES if axis in found)


def is_known(expr: Expr) -> bool:
    """Whether an expression is a number whatever the baseline and the strength."""
    return not expr.free_symbols and not outermost(expr, is_atom)


def needs(claim: Claim) -> frozenset[str]:
    """The fields of a `Baseline` that evaluating a claim reads beside `log_probs`."""
    parts = [claim.condition.holds, _as_relation(claim.domain, claim.quantity.along)]
    match claim:
        case Close():
            parts += [claim.value, claim.remainder]
        case Turns():
            parts += [part for part in (claim.n, claim.first, claim.turn) if isinstance(part, sp.Basic)]
        case _:
            parts += [part for part in (claim.lower, claim.upper) if part is not None]
    return frozenset(field for part in parts for field in _fields(part))


@lru_cache(maxsize=1024)
def _stable(expr: Expr) -> Expr:
    return prepared(expr, is_atom)


def _fields(expr: Expr) -> set[str]:
    found: set[str] = set()
    for atom in outermost(_stable(expr), is_atom):
        if isinstance(atom, Mean):
            found |= _fields(atom.args[0])
        elif isinstance(atom, Expectation | Covariance | TextMean):
            written = {"writing"} if isinstance(atom, TextMean) else set()
            found |= {"log_odds"}.union(written, *map(_fields, atom.args))
        else:
            found |= set(row_of(atom).fields)
    return found


def _as_relation(domain: Expr, along: Along) -> Expr:
    return sp.true if domain == sp.S.Reals else domain.as_relational(ABSCISSA[along])


_FUNCTIONS: dict[type, Callable[..., np.ndarray]] = {
    sp.Add: lambda *terms: reduce(np.add, terms),
    sp.Mul: lambda *factors: reduce(np.multiply, factors),
    sp.Pow: np.power,
    sp.exp: np.exp,
    sp.log: np.log,
    sp.tanh: np.tanh,
    sp.sin: np.sin,
    sp.cos: np.cos,
    sp.tan: np.tan,
    sp.atan: np.arctan,
    sp.atan2: np.arctan2,
    sp.Abs: np.abs,
    sp.sign: np.sign,
    sp.Max: lambda *terms: reduce(np.maximum, terms),
    sp.Min: lambda *terms: reduce(np.minimum, terms),
    sp.And: lambda *parts: reduce(np.logical_and, parts),
    sp.Or: lambda *parts: reduce(np.logical_or, parts),
    sp.Not: np.logical_not,
    sp.Equality: np.equal,
    sp.Unequality: np.not_equal,
    sp.GreaterThan: np.greater_equal,
    sp.LessThan: np.less_equal,
    sp.StrictGreaterThan: np.greater,
    sp.StrictLessThan: np.less,
}


def _evaluate(expr: Expr, setting: Setting) -> np.ndarray:
    """An expression on all four axes: atoms by kernels, what stands between them term by term."""
    if isinstance(expr, Mean):
        return (
            _context_mean(expr.args[0], setting) if isinstance(expr, ContextMean) else _vocabulary_mean(expr, setting)
        )
    if isinstance(expr, Expectation | Covariance):
        return _tilted_average(expr, setting)
    if isinstance(expr, TextMean):
        return _text_mean(expr, setting)
    if is_atom(expr):
        return _read(expr, setting)
    if expr in ABSCISSAE:
        return np.asarray(setting.strengths).reshape(1, 1, 1, -1)
    if expr in (sp.true, sp.false):
        return np.full((1, 1, 1, 1), bool(expr))
    if expr.is_Number or expr.is_NumberSymbol:
        return np.full((1, 1, 1, 1), float(expr))
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer:
        return _evaluate(expr.base, setting) ** int(expr.exp)
    if isinstance(expr, sp.Piecewise):
        return _piecewise(expr, setting)
    if expr.func not in _FUNCTIONS:
        raise ValueError(
            f"{expr}: {expr.func.__name__} has no numerical form; write the closed form in atoms of theory.tilted"
        )
    return _FUNCTIONS[expr.func](*[_evaluate(argument, setting) for argument in expr.args])


def _piecewise(expr: Expr, setting: Setting) -> np.ndarray:
    """The first case whose condition holds; not a number where none does."""
    value = np.full((1, 1, 1, 1), np.nan)
    for case, condition in reversed(expr.args):
        value = np.where(_evaluate(condition, setting), _evaluate(case, setting), value)
    return value


def _read(atom: Expr, setting: Setting) -> np.ndarray:
    if atom not in setting.values:
        setting.values[atom] = _read_anew(atom, setting)
    return setting.values[atom]


def _read_anew(atom: Expr, setting: Setting) -> np.ndarray:
    if "strength" not in row_of(atom).per:
        return read(atom, setting, None)
    strengths = _evaluate(atom.args[-1], setting)
    if strengths.shape[1] * strengths.shape[2] > 1:
        raise ValueError(f"{atom}: its strength may differ by context, not by token or concept")
    count = strengths.shape[-1]
    padded = np.pad(strengths[:, 0, 0], ((0, 0), (0, rounded_up(count) - count)), "edge")
    return read(atom, setting, jnp.asarray(padded))[..., :count]


def rounded_up(count: int) -> int:
    """So many strengths are evaluated for so few that are asked for: programs are compiled for few numbers of them.

    >>> [rounded_up(n) for n in (1, 3, 31, 33, 166)]
    [1, 4, 32, 64, 192]
    """
    return -(-count // 32) * 32 if count > 32 else 1 << (count - 1).bit_length()


def _context_mean(expr: Expr, setting: Setting) -> np.ndarray:
    weights = setting.known.baseline.weights
    if isinstance(expr, ReverseDivergence):
        distribution, odds = setting.known.distribution
        strengths = _evaluate(expr.args[0], setting).reshape(-1)
        return np.asarray(cross_entropy_change(distribution, odds, strengths, weights)).reshape(1, 1, 1, -1)
    values = _evaluate(expr, setting)
    shares = np.full(values.shape[0], 1.0) if weights is None else np.asarray(weights)
    return np.average(values, axis=0, weights=shares if values.shape[0] > 1 else None)[None]


def _tilted_average(average: Expr, setting: Setting) -> np.ndarray:
    """E_a[f] or Cov_a[f, g] of expressions in the token alone, context by context."""
    log_probs, odds = setting.known.distribution
    sizes = (len(log_probs), len(odds), 1, 1)
    functions = [np.broadcast_to(_evaluate(f, setting.whole), sizes)[..., 0, 0] for f in average.args[:-1]]
    at = np.broadcast_to(_evaluate(average.args[-1], setting)[:, 0, 0], (len(log_probs), setting.strengths.size))
    rows = zip(log_probs, functions[0], functions[-1], at, strict=True)
    found = [tilted_covariance(p, odds, f, g, a)[isinstance(average, Covariance)] for p, f, g, a in rows]
    return on_axes(np.stack(found), ("context", "strength"))


def _text_mean(mean: Expr, setting: Setting) -> np.ndarray:
    """Sum over whole texts of `P_a(text)` times an expression, whose exponentials join the probability's own."""
    g, strength = mean.args
    setting = setting.whole
    factors = sp.Mul.make_args(g)
    weight = on_axes(setting.known.texts.log_probs(np.asarray(setting.known.log_probs)), ("context", "token"))
    for log in (TextTilt(0, strength), *(factor.args[0] for factor in factors if isinstance(factor, sp.exp))):
        weight = weight + _evaluate(log, setting)
    rest = _evaluate(sp.Mul(*(factor for factor in factors if not isinstance(factor, sp.exp))), setting)
    return (np.exp(weight) * rest).sum(axis=1, keepdims=True)


def _vocabulary_mean(mean: Expr, setting: Setting) -> np.ndarray:
    value = np.mean(_evaluate(mean.args[0], setting.whole), axis=1, keepdims=True)
    if not np.isfinite(value).all():
        raise ValueError(
            "log_probs: hold -inf, but a centred logit needs finite ones; leave tokens of probability 0 out"
        )
    return value
