"""Symbols and atoms of the tilted-law algebra.

A model's next-token distribution in context j is `p[j, y]`, for tokens y = 1..V with V left open. Steering by `alpha`
under perfect training tilts it: `p_alpha(y) = p[j, y] exp(alpha M[y]) / Z_j(alpha)`, with M the log-odds. Claims are
written in *atoms*: `log(p[j, z])`, `M[z]`, the symbols below, and the functions below, each of which prints as
mathematics, knows its derivative in alpha, and unfolds into sums over the vocabulary by `definition`. Derivations are
about the sums; `numerics.lowering.expressions` evaluates the atoms.

The context at hand is `j`, the token at hand `z`; `x`, `y`, `i`, `k` are bound. Sets are indicators: `C` the tokens of
the concept at hand, `T` of the target concept, `Top` and `Bottom` those at M_max and M_min; `P` and `N` the positive
and negative contexts.
"""

from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.printing.pretty.stringpict import prettyForm

from theory.printing.notation import latex, one_line

Expr = Any
"""A SymPy expression: SymPy's own annotations do not survive arithmetic and indexing."""


def _index(name: str) -> Expr:
    return sp.Symbol(name, integer=True, positive=True)


alpha: Expr = sp.Symbol("alpha", real=True)
level: Expr = sp.Symbol("m", real=True)
rank: Expr = sp.Symbol("n", integer=True, positive=True)
V, J, d = _index("V"), _index("J"), _index("d")
j, z = _index("j"), _index("z")
x, y, i, k = (_index(name) for name in "xyik")
token_a, token_b = _index("a"), _index("b")
SIZES = frozenset({V, J, d})
BOUND = frozenset({x, y, i, k})

p: Expr = sp.IndexedBase("p", positive=True)
r: Expr = sp.IndexedBase("r", positive=True)
pi: Expr = sp.IndexedBase("pi", positive=True)
M: Expr = sp.IndexedBase("M", real=True)
C: Expr = sp.IndexedBase("C", integer=True, nonnegative=True)
P: Expr = sp.IndexedBase("P", integer=True, nonnegative=True)
N: Expr = sp.IndexedBase("N", integer=True, nonnegative=True)
T: Expr = sp.IndexedBase("T", integer=True, nonnegative=True)
Top: Expr = sp.IndexedBase("T^+", integer=True, nonnegative=True)
Bottom: Expr = sp.IndexedBase("T^-", integer=True, nonnegative=True)
logit: Expr = sp.IndexedBase("l", real=True)
logit_shift: Expr = sp.IndexedBase("s", real=True)
DISTRIBUTIONS = frozenset({p, r, pi})  # sum to 1 over their last index
INDICATORS = frozenset({C, P, N, T, Top, Bottom})  # 0 or 1

M_max: Expr = sp.Symbol("M_max", real=True)
M_min: Expr = sp.Symbol("M_min", real=True)
M_range = M_max - M_min
M_local: Expr = sp.IndexedBase("M^loc", real=True)
M_other: Expr = sp.IndexedBase("M'", real=True)
limit_plus: Expr = sp.IndexedBase("L^+", real=True)
limit_minus: Expr = sp.IndexedBase("L^-", real=True)
limit_remainder: Expr = sp.Symbol("delta_L", nonnegative=True)
limit_strength: Expr = sp.Symbol("alpha_L", positive=True)
is_target = sp.Symbol("is_target")
pre_norm = sp.Symbol("pre_norm")


def summed(term: Expr, *sizes: tuple[Expr, Expr]) -> Expr:
    """Sum of a term over indices from 1, each given as `(index, size)`, the innermost first."""
    return sp.Sum(term, *((index, 1, size) for index, size in sizes))


def vocabulary_sum(term: Expr) -> Expr:
    """`sum over y = 1..V` of a term in y."""
    return summed(term, (y, V))


def tilt_weight(token: Expr, strength: Expr = alpha) -> Expr:
    """Unnormalised tilted distribution `p[j, token] exp(strength M[token])`."""
    return p[j, token] * sp.exp(strength * M[token])


def partition(strength: Expr = alpha) -> Expr:
    """`Z_j(strength)`, the tilted distribution's normalisation as a sum over the vocabulary."""
    return vocabulary_sum(tilt_weight(y, strength))


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
        cgf = sp.log(vocabulary_sum(self.member(y) * p[j, y] * sp.exp(alpha * self.odds(y))))
        return cgf.diff(alpha, int(order)).subs(alpha, strength) if order else cgf.subs(alpha, strength)


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
        after, before = (expectation(C[y], strength) for strength in (self.args[0], sp.S.Zero))
        return after * sp.log(after / before) + (1 - after) * sp.log((1 - after) / (1 - before))


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
        return expectation(f * g, strength) - expectation(f, strength) * expectation(g, strength)


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
        return vocabulary_sum(self.args[0].subs(z, y)) / V


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


def definition(expr: Expr) -> Expr:
    """The expression with every atom unfolded into sums over an arbitrary vocabulary, and derivatives taken."""
    while expr.has(Atom):
        expr = expr.replace(lambda e: isinstance(e, Atom), lambda e: e.unfold())
    return expr.replace(lambda e: isinstance(e, sp.Derivative), lambda e: e.doit(deep=False))
