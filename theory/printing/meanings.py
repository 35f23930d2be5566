"""What the symbols of formulas stand for, so that a derivation can say what it speaks of."""

from collections.abc import Iterable, Iterator
from typing import Any

import sympy as sp

from theory import facts, tilted
from theory.quantities import QUANTITIES, Observed
from theory.tilted import Atom, Expr, alpha, p, y, z

_C, _TEXT = tilted.C[y], tilted.text
_HIT = tilted.hits[_TEXT]
MEANINGS: dict[Any, tuple[Expr, str]] = {
    alpha: (alpha, "strength of steering"),
    tilted.V: (tilted.V, "number of tokens of the vocabulary, over which sums run"),
    tilted.J: (tilted.J, "number of contexts"),
    tilted.d: (tilted.d, "width of the residual stream"),
    tilted.j: (tilted.j, "the context at hand"),
    tilted.z: (tilted.z, "the token at hand"),
    **{index: (index, "any token") for index in (tilted.x, y)},
    **{index: (index, "any context or feature") for index in (tilted.i, tilted.k)},
    **{token: (token, "a certain token") for token in (tilted.token_a, tilted.token_b)},
    **{feature: (feature, "a certain feature") for feature in (tilted.feature_a, tilted.feature_b)},
    tilted.level: (tilted.level, "a value of the log-odds"),
    tilted.rank: (tilted.rank, "number of a singular value, from 1"),
    p: (p[tilted.j, y], "unsteered probability of the token y in the context j"),
    tilted.r: (tilted.r[tilted.j, y], "probability of the token y in the context j under the evaluation distribution"),
    tilted.pi: (tilted.pi[tilted.j], "weight of the context j"),
    tilted.M: (tilted.M[y], "log-odds of the token y between positive and negative contexts"),
    tilted.M_local: (tilted.M_local[tilted.j, y], "derivative of the token's logit in the strength, at 0"),
    tilted.M_other: (tilted.M_other[y], "log-odds of the token y of a second vector"),
    tilted.M_max: (tilted.M_max, "largest log-odds"),
    tilted.M_min: (tilted.M_min, "smallest log-odds"),
    tilted.C: (_C, "1 on the tokens of the concept at hand, else 0"),
    tilted.T: (tilted.T[y], "1 on the tokens of the target concept, else 0"),
    tilted.Top: (tilted.Top[y], "1 on the tokens of the largest log-odds, else 0"),
    tilted.Bottom: (tilted.Bottom[y], "1 on the tokens of the smallest log-odds, else 0"),
    tilted.P: (tilted.P[tilted.i], "1 on the positive contexts, else 0"),
    tilted.N: (tilted.N[tilted.i], "1 on the negative contexts, else 0"),
    tilted.logit: (tilted.logit[tilted.j, y], "unsteered logit of the token y in the context j"),
    tilted.logit_shift: (tilted.logit_shift[y], "logit that a unit of strength adds to the token y"),
    tilted.limit_plus: (tilted.limit_plus[y], "limit of the token's logit at infinite strength"),
    tilted.limit_minus: (tilted.limit_minus[y], "limit of the token's logit at strength minus infinity"),
    tilted.limit_remainder: (tilted.limit_remainder, "how far logits may still be from their limits"),
    tilted.limit_strength: (tilted.limit_strength, "strength beyond which they are as near"),
    tilted.is_target: (tilted.is_target, "the concept at hand is the target"),
    tilted.pre_norm: (tilted.pre_norm, "the model normalises before each sublayer and before the unembedding"),
    facts.in_target: (facts.in_target, "the context at hand belongs to the target concept"),
    facts.assumption_1: (facts.assumption_1, "the data distribution is one of concepts (Assumption 1)"),
    facts.final_norm: (facts.final_norm, "only the final normalisation and the unembedding follow the residual"),
    facts.a: (facts.a[y], "probability of the token y in contexts of its own concept"),
    facts.b: (facts.b[y], "probability of the token y in contexts of other concepts"),
    facts.negative_share: (facts.negative_share[y], "share of the negative contexts that are of the token's concept"),
    facts.delta: (facts.delta, "a concept's mass in its own contexts less its mass elsewhere"),
    facts.M_second: (facts.M_second, "largest log-odds below the largest"),
    facts.M_second_last: (facts.M_second_last, "smallest log-odds above the smallest"),
    facts.C_max: (facts.C_max, "largest log-odds within the concept"),
    facts.C_min: (facts.C_min, "smallest log-odds within the concept"),
    facts.out_max: (facts.out_max, "largest log-odds outside the concept"),
    facts.out_min: (facts.out_min, "smallest log-odds outside the concept"),
    facts.sign_changes: (facts.sign_changes, "sign changes of the concept's share from level to level of the log-odds"),
    facts.first_sign: (facts.first_sign, "sign of the first of these changes"),
    facts.reference: (facts.reference, "the most probable token of the unsteered context"),
    facts.norm_h: (facts.norm_h[tilted.j, z], "the residual's part in the normalised logit"),
    facts.norm_v: (facts.norm_v[z], "the vector's part in the normalised logit"),
    facts.norm_offset: (facts.norm_offset[z], "offset of the token's logit"),
    facts.norm_c: (facts.norm_c[tilted.j], "mean square of the residual, with the norm's epsilon"),
    facts.norm_e: (facts.norm_e[tilted.j], "mean product of residual and vector"),
    facts.norm_f: (facts.norm_f, "mean square of the vector"),
    facts.logit_curvature: (facts.logit_curvature, "bound on the spread over tokens of the logits' second derivative"),
    facts.other_max: (facts.other_max, "largest log-odds of the second vector"),
    facts.other_range: (facts.other_range, "largest less smallest log-odds of the second vector"),
    facts.ordered_texts: (facts.ordered_texts, "larger log-odds make larger log-odds likelier next (likelihood ratio)"),
    facts.false_yes: (facts.false_yes, "a judge's chance of a yes to a text without a token of the concept"),
    facts.false_no: (facts.false_no, "a judge's chance of a no to a text with one"),
    tilted.texts: (tilted.texts, "number of texts"),
    tilted.text: (tilted.text, "any text"),
    tilted.text_length: (tilted.text_length, "largest number of tokens of a text"),
    tilted.text_p: (tilted.text_p[tilted.j, _TEXT], "unsteered probability of the text τ begun in the context j"),
    tilted.text_odds: (tilted.text_odds[_TEXT], "sum of the log-odds of the text's tokens"),
    tilted.visits: (tilted.visits[tilted.j, _TEXT, tilted.i], "how many tokens of the text are drawn in the context i"),
    tilted.hits: (tilted.hits[_TEXT], "1 on the texts that hold a token of the concept at hand, else 0"),
    tilted.TextTilt: (tilted.TextTilt(0, alpha), "log of a text's weight; its derivative is S"),
    tilted.TextSpent: (tilted.TextSpent(alpha), "relative entropies of a text's next tokens, added up"),
    tilted.TextMean: (tilted.TextMean(_HIT, alpha), "mean over whole texts written under steering"),
    tilted.TiltedProbability: (tilted.TiltedProbability(y), "probability of the token y after steering"),
    tilted.Cumulant: (tilted.cgf(), "log of the sum of p exp(alpha M); its derivatives: cumulants of M"),
    tilted.ConceptCumulant: (tilted.ConceptCumulant(0, alpha), "the same over the tokens of the concept alone"),
    tilted.OutsideCumulant: (tilted.OutsideCumulant(0, alpha), "the same over the tokens outside the concept alone"),
    tilted.LocalCumulant: (tilted.LocalCumulant(0, alpha), "the same for the local log-odds"),
    tilted.OtherCumulant: (tilted.OtherCumulant(0, alpha), "the same for the second vector's log-odds"),
    tilted.JointCumulant: (tilted.JointCumulant(0, alpha), "the same for the log-odds of both vectors added"),
    tilted.Envelope: (tilted.Envelope(alpha), "log-weight of the token that greedy decoding takes"),
    tilted.ExtremalLogMass: (tilted.ExtremalLogMass(1), "log-probability of the tokens of extreme log-odds, unsteered"),
    tilted.ConceptDivergence: (tilted.ConceptDivergence(alpha), "relative entropy of a concept to its unsteered self"),
    tilted.Expectation: (tilted.expectation(_C), "mean over tokens after steering"),
    tilted.Covariance: (tilted.covariance(_C, tilted.M[y]), "covariance over tokens after steering"),
    tilted.DataMean: (tilted.DataMean(tilted.j), "mean of the log-odds under the evaluation distribution"),
    tilted.ContextMean: (tilted.ContextMean(tilted.cgf()), "weighted mean over contexts"),
    tilted.VocabularyMean: (tilted.VocabularyMean(tilted.M[z]), "plain mean over the vocabulary"),
}  # fmt: skip
"""Of each symbol, array and kind of atom: how it is shown, and what it is."""


def spoken_of(exprs: Iterable[Any]) -> list[tuple[Expr, str]]:
    """What formulas speak of, each with its meaning, in the order of the table; observed quantities first."""
    met = {name for expr in exprs for name in _names(expr)}
    observed = [(q.symbol, q.meaning) for q in QUANTITIES.values() if q.symbol in met]
    return observed + [meant for name, meant in MEANINGS.items() if name in met]


def _names(expr: Any) -> Iterator[Any]:
    """Symbols, arrays, kinds of atoms and observed quantities; what stands within an atom is part of its meaning."""
    if isinstance(expr, Observed | sp.Symbol | sp.IndexedBase):
        yield expr
    elif isinstance(expr, sp.Basic):
        if isinstance(expr, Atom):
            yield type(expr)
        for part in expr.args:
            yield from _names(part)
