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
    "alpha_1": "α₁",
    "alpha_2": "α₂",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "in_target": "c_j ∈ T",
    "tau": "τ",
    "Omega": "Ω",
    "ordered_texts": "ordered texts",
    "rho": "ρ",
    "kappa_l": "κ_l",
    "M_C_max": "M_max(C)",
    "M_C_min": "M_min(C)",
    "M_out_max": "M_max(¬C)",
    "M_out_min": "M_min(¬C)",
}
_LATEX = {
    "ordered_texts": r"\text{ordered texts}",
    "in_target": r"c_j \in T",
    "M_C_max": r"M_{\max}(C)",
    "M_C_min": r"M_{\min}(C)",
    "M_out_max": r"M_{\max}(\bar{C})",
    "M_out_min": r"M_{\min}(\bar{C})",
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
        by = ""
        for variable, order in expr.variable_count:
            power = _SUPERSCRIPTS.get(int(order), f"^{order}")
            by += f"d{power}/d{self._print(variable)}{power} "
        return by + self.parenthesize(expr.expr, PRECEDENCE["Mul"], strict=True)

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

    def _print_Not(self, expr: Any) -> str:  # noqa: N802
        return f"not {self._print(expr.args[0])}"

    def _print_Implies(self, expr: Any) -> str:  # noqa: N802
        return f"({' ⇒ '.join(map(self._print, expr.args))})"

    def _print_And(self, expr: Any) -> str:  # noqa: N802
        return " and ".join(self._print(part) for part in expr.args)


def one_line(expr: sp.Basic) -> str:
    """The expression as one line of Unicode text; juxtaposition multiplies."""
    return OneLine().doprint(expr).replace("**", "^").replace("*", " ").replace("sqrt(3)", "√3")


def latex(expr: sp.Basic) -> str:
    r"""The expression in LaTeX, with `M_{\max}` and its like set upright."""
    named = {
        s: _LATEX.get(s.name, s.name.replace("_max", r"_{\max}").replace("_min", r"_{\min}"))
        for s in expr.atoms(sp.Symbol)
    }
    upright = {symbol: name for symbol, name in named.items() if name != symbol.name}
    return sp.latex(expr, symbol_names=upright)
