"""Atoms: functions of the tilt that print as mathematics and unfold into sums over the vocabulary."""

from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.printing.pretty.stringpict import prettyForm

from theory.printing.notation import latex, one_line
from theory.tilted.symbols import (
    Bottom,
    C,
    Expr,
    J,
    M,
    M_local,
    M_other,
    Top,
    V,
    j,
    p,
    partition,
    pi,
    r,
    summed,
    tilt_weight,
    vocabulary_sum,
    y,
    z,
)

_TILT: Expr = sp.Dummy("s", real=True)
"""Strength in which a cumulant is the derivative: whatever else depends on alpha does not enter."""
_TOKEN: Expr = sp.Dummy("y", integer=True, positive=True)
"""Token over which a mean runs: none that its summand names."""


class Atom(sp.Function):
    """A function of the algebra: printed as mathematics, unfolded into sums by `definition`."""

    if TYPE_CHECKING:
        args: tuple[Expr, ...]

        def __new__(cls, *arguments: object) -> Expr: ...

    def names(self) -> tuple[str, str]:
        """How it prints: (Unicode, LaTeX)."""
        raise NotImplementedError

    def unfold(self) -> Expr:
        """Its definition as sums over the vocabulary and the contexts."""
        raise NotImplementedError

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        name = self.names()[1]
        return name if exp is None else rf"\left({name}\right)^{{{exp}}}"

    def _pretty(self, printer: Any) -> prettyForm:
        return prettyForm(self.names()[0], binding=prettyForm.ATOM)

    def _sympystr(self, printer: Any) -> str:
        return self.names()[0]


def _text(expr: Expr) -> tuple[str, str]:
    return one_line(expr), latex(expr)


class Cumulant(Atom):
    """`Cumulant(n, a)`: n-th derivative at a of `K_j(alpha) = log sum_y p[j, y] exp(alpha M[y])`.

    n = 0 is K itself, n = 1 the tilted mean, n = 2 the tilted variance, n = 3 the third central moment.
    """

    where, where_latex = "", ""

    @classmethod
    def member(cls, token: Expr) -> Expr:
        """Indicator of the tokens summed over."""
        return sp.S.One

    @classmethod
    def odds(cls, token: Expr) -> Expr:
        """The log-odds that tilt."""
        return M[token]

    def fdiff(self, argindex: int = 1) -> Expr:
        order, strength = self.args
        return self.func(order + 1, strength)

    def names(self) -> tuple[str, str]:
        order, strength = self.args
        (text, tex), on, on_tex = _text(strength), self.where, self.where_latex
        bar, bar_tex = (f" | {on}", rf" \mid {on_tex}") if on else ("", "")
        sub, sub_tex = (f"_{on}", f"_{{j,{on_tex}}}") if on else ("", "_{j}")
        if order == 0:
            return f"K{sub}({text})", rf"K{sub_tex}\left({tex}\right)"
        if order == 1:
            return f"E_{text}[M{bar}]", rf"\mathbb{{E}}_{{{tex}}}[M{bar_tex}]"
        if order == 2:
            return f"Var_{text}[M{bar}]", rf"\operatorname{{Var}}_{{{tex}}}[M{bar_tex}]"
        return f"κ{order}{sub}({text})", rf"\kappa_{{{order}}}{sub_tex[1:]}\left({tex}\right)".replace("}{j", ",j")

    def unfold(self) -> Expr:
        order, strength = self.args
        cgf = sp.log(vocabulary_sum(self.member(y) * p[j, y] * sp.exp(_TILT * self.odds(y))))
        return (cgf.diff(_TILT, int(order)) if order else cgf).subs(_TILT, strength)


class ConceptCumulant(Cumulant):
    """The same over the tokens of the concept: `K_C(alpha) = log sum_{y in C} p[j, y] exp(alpha M[y])`."""

    where, where_latex = "C", "C"

    @classmethod
    def member(cls, token: Expr) -> Expr:
        return C[token]


class OutsideCumulant(Cumulant):
    """The same over the tokens outside the concept."""

    where, where_latex = "¬C", r"\bar{C}"

    @classmethod
    def member(cls, token: Expr) -> Expr:
        return 1 - C[token]


class LocalCumulant(Cumulant):
    """The same with the local log-odds of the context at hand in the place of M."""

    where, where_latex = "loc", r"\mathrm{loc}"

    @classmethod
    def odds(cls, token: Expr) -> Expr:
        return M_local[j, token]


class OtherCumulant(Cumulant):
    """The same with the log-odds M' of a second vector in the place of M."""

    where, where_latex = "M'", "M'"

    @classmethod
    def odds(cls, token: Expr) -> Expr:
        return M_other[token]


class JointCumulant(Cumulant):
    """The same with both vectors at once: M + M' in the place of M."""

    where, where_latex = "M+M'", "M+M'"

    @classmethod
    def odds(cls, token: Expr) -> Expr:
        return M[token] + M_other[token]


class Largest(sp.Function):
    """`Largest(f)`: the largest value over the vocabulary of an expression in the token y; it does not unfold."""


class Envelope(Atom):
    """`Envelope(a) = max_y (log p[j, y] + a M[y])`: log-weight of the token that greedy decoding takes."""

    def names(self) -> tuple[str, str]:
        line, line_tex = _text(sp.log(p[j, y]) + self.args[0] * M[y])
        return f"max_y ({line})", rf"\max_{{y}} \left({line_tex}\right)"

    def unfold(self) -> Expr:
        return Largest(sp.log(tilt_weight(y, self.args[0])))


class ExtremalLogMass(Atom):
    """`ExtremalLogMass(+-1)`: log of the base mass of the tokens at M_max (1) or at M_min (-1)."""

    def names(self) -> tuple[str, str]:
        end = "max" if self.args[0] == 1 else "min"
        return f"log p(M = M_{end})", rf"\log p_{{j}}(M = M_{{\{end}}})"

    def unfold(self) -> Expr:
        members = Top if self.args[0] == 1 else Bottom
        return sp.log(vocabulary_sum(members[y] * p[j, y]))


class ConceptDivergence(Atom):
    """`ConceptDivergence(a)`: binary relative entropy `kl(F_a, F_0)` of the concept's probability F, in nats."""

    def names(self) -> tuple[str, str]:
        text, tex = _text(self.args[0])
        return f"kl(F_{text}, F_0)", rf"\mathrm{{kl}}(F_{{{tex}}}, F_0)"

    def unfold(self) -> Expr:
        sides = [[Expectation(side, strength) for strength in (self.args[0], sp.S.Zero)] for side in (C[y], 1 - C[y])]
        return sum(after * sp.log(after / before) for after, before in sides)


class TiltedProbability(Atom):
    """`TiltedProbability(token) = p[j, token] exp(alpha M[token]) / Z_j(alpha)`."""

    def names(self) -> tuple[str, str]:
        text, tex = _text(self.args[0])
        return f"p_α({text})", rf"p_{{j}}^{{\alpha}}({tex})"

    def unfold(self) -> Expr:
        return tilt_weight(self.args[0]) / partition()


class Expectation(Atom):
    """`Expectation(g, a)`: mean under the tilted distribution of strength a of an expression g in the token y."""

    def names(self) -> tuple[str, str]:
        (g, g_tex), (strength, strength_tex) = map(_text, self.args)
        return f"E_{strength}[{g}]", rf"\mathbb{{E}}_{{{strength_tex}}}\left[{g_tex}\right]"

    def unfold(self) -> Expr:
        g, strength = self.args
        return vocabulary_sum(g * tilt_weight(y, strength)) / partition(strength)


class Covariance(Atom):
    """`Covariance(f, g, a)`: covariance under the tilt of strength a of two expressions in the token y."""

    def names(self) -> tuple[str, str]:
        (f, f_tex), (g, g_tex), (strength, strength_tex) = map(_text, self.args)
        return f"Cov_{strength}[{f}, {g}]", rf"\operatorname{{Cov}}_{{{strength_tex}}}\left[{f_tex}, {g_tex}\right]"

    def unfold(self) -> Expr:
        f, g, strength = self.args
        return Expectation(f * g, strength) - Expectation(f, strength) * Expectation(g, strength)


class DataMean(Atom):
    """`DataMean(j) = E_{r_j}[M]`: mean of the log-odds under the evaluation distribution r."""

    def names(self) -> tuple[str, str]:
        return "E_r[M]", r"\mathbb{E}_{r_j}[M]"

    def unfold(self) -> Expr:
        return vocabulary_sum(r[self.args[0], y] * M[y])


class Mean(Atom):
    """A linear average; differentiates term by term."""

    def _eval_derivative(self, s: Expr) -> Expr:
        return self.func(self.args[0].diff(s))


class ContextMean(Mean):
    """`ContextMean(f) = sum_j pi[j] f_j`: average over contexts of an expression in the context at hand."""

    def names(self) -> tuple[str, str]:
        text, tex = _text(self.args[0])
        return f"Σ_j π_j ({text})", rf"\sum_j \pi_j \left({tex}\right)"

    def unfold(self) -> Expr:
        return summed(pi[j] * self.args[0], (j, J))


class VocabularyMean(Mean):
    """`VocabularyMean(f) = (1/V) sum_y f(y)`: plain average over the vocabulary of an expression in the token z."""

    def names(self) -> tuple[str, str]:
        text, tex = _text(self.args[0])
        return f"mean_z({text})", rf"\operatorname{{mean}}_z\left({tex}\right)"

    def unfold(self) -> Expr:
        return summed(self.args[0].xreplace({z: _TOKEN}), (_TOKEN, V)) / V
