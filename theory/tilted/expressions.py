"""What laws write often, in the atoms, and what it means: `definition`."""

import sympy as sp

from theory.tilted.atoms import Atom, Covariance, Cumulant, Expectation, VocabularyMean
from theory.tilted.symbols import Expr, M, alpha, j, p, z


def cgf(strength: Expr = alpha) -> Expr:
    """`K_j`, cumulant generating function of the log-odds in the context at hand."""
    return Cumulant(0, strength)


def tilted_mean(strength: Expr = alpha) -> Expr:
    """`E_strength[M] = K_j'`."""
    return Cumulant(1, strength)


def tilted_variance(strength: Expr = alpha) -> Expr:
    """`Var_strength[M] = K_j''`."""
    return Cumulant(2, strength)


def expectation(g: Expr, strength: Expr = alpha) -> Expr:
    """`E_strength[g]` of an expression g in y under the tilted distribution."""
    return Expectation(g, strength)


def covariance(f: Expr, g: Expr, strength: Expr = alpha) -> Expr:
    """`Cov_strength[f, g]` of two expressions in y under the tilted distribution."""
    return Covariance(f, g, strength)


def slope(f: Expr, order: int = 1) -> Expr:
    """The derivative in alpha, left standing until `definition` has unfolded what it is a derivative of."""
    return sp.Derivative(f, (alpha, order))


def log_tilted(token: Expr = z) -> Expr:
    """`log p_alpha(token) = log p + alpha M - K(alpha)`."""
    return sp.log(p[j, token]) + alpha * M[token] - cgf()


def centred(f: Expr) -> Expr:
    """An expression in z less its mean over the vocabulary."""
    return f - VocabularyMean(f)


def unfolded(expr: Expr) -> Expr:
    """The expression with every atom unfolded into sums over an arbitrary vocabulary; derivatives are left standing."""
    while expr.has(Atom):
        expr = expr.replace(lambda e: isinstance(e, Atom), lambda e: e.unfold())
    return expr


def differentiated(expr: Expr) -> Expr:
    """The expression with the derivatives that stand in it taken."""
    return expr.replace(lambda e: isinstance(e, sp.Derivative), lambda e: e.doit(deep=False))


def definition(expr: Expr) -> Expr:
    """The expression with every atom unfolded into sums over an arbitrary vocabulary, and derivatives taken."""
    return differentiated(unfolded(expr))
