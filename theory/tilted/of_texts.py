"""Atoms of whole texts: how steering reweighs them, and means over them."""

import sympy as sp

from theory.printing.notation import latex, one_line
from theory.tilted.atoms import Atom, Cumulant
from theory.tilted.symbols import Expr, J, i, j, summed, text, text_odds, text_p, texts, visits


def _text(expr: Expr) -> tuple[str, str]:
    return one_line(expr), latex(expr)


def _along(each: Expr) -> Expr:
    """Sum over the next tokens of the text at hand of what each context gives, an expression in the context j."""
    return summed(visits[j, text, i] * each.unfold().subs(j, i), (i, J))


class TextTilt(Atom):
    """`TextTilt(n, a)`: n-th derivative at a of `log(P_a(text)/P_0(text)) = a M^T[text] - sum_i n^T_i K_i(a)`.

    n = 1 is S, the slope of the text's log-probability: the sum of `M - K'` over its tokens.
    """

    def fdiff(self, argindex: int = 1) -> Expr:
        order, strength = self.args
        return self.func(order + 1, strength)

    def names(self) -> tuple[str, str]:
        order, (at, at_tex) = self.args[0], _text(self.args[1])
        if order == 0:
            return f"log P_{at}(τ)/P_0(τ)", rf"\log \frac{{P_{{{at_tex}}}(\tau)}}{{P_0(\tau)}}"
        return f"S{chr(39) * int(order - 1)}_{at}(τ)", rf"S{chr(39) * int(order - 1)}_{{{at_tex}}}(\tau)"

    def unfold(self) -> Expr:
        order, strength = self.args
        linear = (strength * text_odds[text], text_odds[text])[int(order)] if order < 2 else sp.S.Zero
        return linear - _along(Cumulant(order, strength))


class TextSpent(Atom):
    """`TextSpent(a) = sum_i n^T_i (a K_i'(a) - K_i(a))`: relative entropies of a text's next tokens, added up."""

    def names(self) -> tuple[str, str]:
        at, at_tex = _text(self.args[0])
        return f"Σ_t KL_{at}(t, τ)", rf"\sum_t \mathrm{{KL}}_{{{at_tex}}}(t, \tau)"

    def unfold(self) -> Expr:
        (strength,) = self.args
        return strength * _along(Cumulant(1, strength)) - _along(Cumulant(0, strength))


class TextMean(Atom):
    """`TextMean(g, a) = sum_text P_a(text) g`: mean of an expression g in the text at hand over those that a writes.

    `P_a(text) = P^T[j, text] exp(TextTilt(0, a))` is the product of the chances of its tokens; that these sum to 1 over
    all texts is a theorem, of which the definition makes no use.
    """

    def names(self) -> tuple[str, str]:
        (g, g_tex), (at, at_tex) = map(_text, self.args)
        return f"E_{at}^T[{g}]", rf"\mathbb{{E}}_{{P_{{{at_tex}}}}}\left[{g_tex}\right]"

    def unfold(self) -> Expr:
        g, strength = self.args
        return summed(g * text_p[j, text] * sp.exp(TextTilt(0, strength)), (text, texts))
