"""Where an expression is defined: what is divided by does not vanish, and logs and roots are of positive numbers."""

import sympy as sp

from theory.checker.signs import Known, sign
from theory.tilted import Expr, Largest

SMOOTH = (sp.Add, sp.Mul, sp.Pow, sp.exp, sp.log, sp.sin, sp.cos, sp.tanh, sp.sinh, sp.cosh, sp.Sum, sp.Derivative)


def undefined(expr: Expr, known: Known) -> str:
    """The first part that is not visibly defined, and why; "" if there is none."""
    for part in sp.preorder_traversal(expr):
        if isinstance(part, sp.Pow) and (why := _power(part, known)):
            return why
        if isinstance(part, sp.log) and sign(part.args[0], known) != "positive":
            return f"the log of {part.args[0]}, which is not visibly positive"
        if isinstance(part, sp.Piecewise | Largest):
            return f"{part.func.__name__}, which no step may hold"
    return ""


def _power(part: sp.Pow, known: Known) -> str:
    base, exponent = part.base, part.exp
    if exponent.is_integer and exponent.is_nonnegative:
        return ""
    if exponent.is_integer and exponent.is_number:
        return "" if nonzero(base, known) else f"division by {base}, which is not visibly other than 0"
    found = sign(base, known)
    if found == "positive" or (found and exponent.is_positive):
        return ""
    return f"the power {exponent} of {base}, which is not visibly positive"


def nonzero(expr: Expr, known: Known) -> bool:
    """Whether the expression is visibly other than 0."""
    if expr.is_number:
        return bool(expr.is_finite and expr.is_nonzero)
    if isinstance(expr, sp.Mul):
        return all(nonzero(factor, known) for factor in expr.args)
    if isinstance(expr, sp.Pow) and expr.exp.is_number:
        return nonzero(expr.base, known)
    return "positive" in (sign(expr, known), sign(-expr, known))


def smooth(expr: Expr, variable: Expr) -> bool:
    """Whether what depends on the variable is visibly differentiable as often as one likes, where it is defined."""
    parts = (part for part in sp.preorder_traversal(expr) if part.has(variable))
    return all(part == variable or isinstance(part, SMOOTH) for part in parts)
