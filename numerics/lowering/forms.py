"""Closed forms rewritten, exactly, so that their evaluation in floats does not cancel.

The log-mass of a concept is taken relative to K; `alpha K'(alpha) - K(alpha)` and `K(alpha) - alpha K'(0)` become
relative entropies; under a contexts' mean K becomes the latter plus a linear term; averages are taken term by term.
"""

from collections.abc import Callable

import sympy as sp

from theory.tilted import (
    Atom,
    ConceptCumulant,
    ContextMean,
    Cumulant,
    Expr,
    OutsideCumulant,
    TiltedProbability,
    VocabularyMean,
    log_tilted,
    p,
)


class LogProbability(Atom):
    """`LogProbability(token)`: base log-probability, finite where the probability itself underflows."""


class LogMass(Atom):
    """`LogMass(side, a)`: tilted log-probability of the concept (side 1) or its complement (0)."""


class ForwardDivergence(Atom):
    """`ForwardDivergence(a) = KL(p_a, p) = a K'(a) - K(a)`."""


class ReverseDivergence(Atom):
    """`ReverseDivergence(a) = KL(p, p_a) = K(a) - a K'(0)`."""


def prepared(expr: Expr, is_atom: Callable[[Expr], bool]) -> Expr:
    """The same expression in a form that does not cancel; `is_atom` says what averages must not be split into."""
    expr = expr.replace(lambda e: isinstance(e, TiltedProbability), lambda e: sp.exp(log_tilted(e.args[0])))
    expr = expr.replace(_is_log_probability, lambda e: LogProbability(e.args[0].indices[-1]))
    expr = expr.replace(lambda e: isinstance(e, ConceptCumulant | OutsideCumulant) and e.args[0] == 0, _relative_mass)
    expr = expr.replace(
        lambda e: isinstance(e, ContextMean), lambda e: ContextMean(e.args[0].replace(_is_cgf, _excess))
    )
    expr = expr.replace(lambda e: isinstance(e, sp.Add), _paired)
    return expr.replace(lambda e: isinstance(e, ContextMean | VocabularyMean), lambda e: _term_by_term(e, is_atom))


def outermost(expr: Expr, is_atom: Callable[[Expr], bool]) -> list[Expr]:
    """The outermost atoms of an expression."""
    if is_atom(expr):
        return [expr]
    return list(dict.fromkeys(atom for argument in expr.args for atom in outermost(argument, is_atom)))


def _is_log_probability(e: Expr) -> bool:
    return isinstance(e, sp.log) and isinstance(e.args[0], sp.Indexed) and e.args[0].base == p


def _relative_mass(e: Expr) -> Expr:
    return Cumulant(0, e.args[1]) + LogMass(int(isinstance(e, ConceptCumulant)), e.args[1])


def _is_cgf(e: Expr) -> bool:
    return type(e) is Cumulant and e.args[0] == 0


def _excess(K: Expr) -> Expr:
    return ReverseDivergence(K.args[1]) + K.args[1] * Cumulant(1, sp.S.Zero)


def _paired(total: Expr) -> Expr:
    """K and a linear term that all but cancels it, as the relative entropy that is left."""
    for K in filter(_is_cgf, total.atoms(Cumulant)):
        strength = K.args[1]
        forward = strength * Cumulant(1, strength) - ForwardDivergence(strength)
        for mean, form in ((Cumulant(1, strength), forward), (Cumulant(1, sp.S.Zero), _excess(K))):
            if strength != 0 and total.has(mean):
                rewritten = sp.expand(total.xreplace({K: form}))
                if not rewritten.has(mean):
                    return rewritten
    return total


def _term_by_term(mean: Expr, is_atom: Callable[[Expr], bool]) -> Expr:
    terms = [t.as_independent(*outermost(t, is_atom)) for t in sp.Add.make_args(sp.expand(mean.args[0]))]
    return sp.Add(*[factor * (mean.func(varying) if varying != 1 else 1) for factor, varying in terms])
