"""Formulas as one line of Unicode text, for a terminal: `Σ_y p[j, y] exp(α M[y])`."""

from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

_GREEK = {
    "alpha": "α",
    "pi": "π",
    "nu": "ν",
    "mu": "μ",
    "epsilon": "ε",
    "delta_L": "δ_L",
    "alpha_L": "α_L",
    "sigma2": "σ²",
}
_RELATIONS = {"==": "=", "<=": "≤", ">=": "≥", "!=": "≠"}
_SUPERSCRIPTS = {1: "", 2: "²", 3: "³"}


class OneLine(StrPrinter):
    """SymPy's text printer with sums, derivatives, limits and relations as mathematics writes them."""

    def _print_Symbol(self, expr: Any) -> str:  # noqa: N802
        return _GREEK.get(str(expr.name), str(expr.name))

    def _print_IndexedBase(self, expr: Any) -> str:  # noqa: N802
        return str(self._print(expr.label))

    def _print_Indexed(self, expr: Any) -> str:  # noqa: N802
        return f"{self._print(expr.base)}[{', '.join(map(self._print, expr.indices))}]"

    def _print_Sum(self, expr: Any) -> str:  # noqa: N802
        over = "".join(f"Σ_{self._print(index)} " for index, *_ in reversed(expr.limits))
        return f"({over}{self.parenthesize(expr.function, PRECEDENCE['Mul'], strict=True)})"

    def _print_Derivative(self, expr: Any) -> str:  # noqa: N802
        (variable, order), *_ = expr.variable_count
        power = _SUPERSCRIPTS.get(int(order), f"^{order}")
        return (
            f"d{power}/d{self._print(variable)}{power} {self.parenthesize(expr.expr, PRECEDENCE['Mul'], strict=True)}"
        )

    def _print_Limit(self, expr: Any) -> str:  # noqa: N802
        inner, variable, point, _ = expr.args
        towards = f"{self._print(variable)} → {self._print(point)}"
        return f"lim({towards}) {self.parenthesize(inner, PRECEDENCE['Mul'], strict=True)}"

    def _print_Infinity(self, expr: Any) -> str:  # noqa: N802
        return "∞"

    def _print_NegativeInfinity(self, expr: Any) -> str:  # noqa: N802
        return "-∞"

    def _print_Relational(self, expr: Any) -> str:  # noqa: N802
        relation = _RELATIONS.get(expr.rel_op, expr.rel_op)
        return f"{self._print(expr.lhs)} {relation} {self._print(expr.rhs)}"

    def _print_And(self, expr: Any) -> str:  # noqa: N802
        return " and ".join(self._print(part) for part in expr.args)


def one_line(expr: sp.Basic) -> str:
    """The expression as one line of Unicode text; juxtaposition multiplies."""
    return OneLine().doprint(expr).replace("**", "^").replace("*", " ").replace("sqrt(3)", "√3")


def latex(expr: sp.Basic) -> str:
    r"""The expression in LaTeX, with `M_{\max}` and its like set upright."""
    named = {s: s.name.replace("_max", r"_{\max}").replace("_min", r"_{\min}") for s in expr.atoms(sp.Symbol)}
    upright = {symbol: name for symbol, name in named.items() if name != symbol.name}
    return sp.latex(expr, symbol_names=upright)
