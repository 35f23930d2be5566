"""What a claim speaks about: the curves a sweep observes, one row each.

`per` names the dimensions of a sweep that a quantity has beside the one its curves run `along`, which is the strength
except where a quantity says otherwise; `unit` is the unit in which departures from a claim about it are reported. Logs
are natural.
"""

from dataclasses import dataclass
from typing import Literal, cast

import sympy as sp

from theory.tilted import Atom, Expr, alpha, level, rank

Dimension = Literal["context", "token", "concept"]
Along = Literal["strength", "log_odds", "rank"]
ABSCISSA: dict[Along, Expr] = {"strength": alpha, "log_odds": level, "rank": rank}
"""The variable that a quantity's curves run along; closed forms, bounds and domains of its claims are written in it."""

Unit = Literal["probability", "log_probability", "nats", "strength", "logit", "nats/strength", "count"]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One observable curve of the strength: its id, symbol (for printing), unit, and what there is one curve per."""

    id: str
    symbol: Expr
    unit: Unit
    per: tuple[Dimension, ...]
    meaning: str
    along: Along = "strength"


class Observed(Atom):
    """An observed curve: it prints as mathematics and stands for itself, for it has no definition in closed form."""

    def names(self) -> tuple[str, str]:
        return _NAMES[str(self.args[0])]

    def unfold(self) -> Expr:
        raise ValueError(f"{self}: observed, so it has no definition; put the closed form of a claim in its place")


_NAMES: dict[str, tuple[str, str]] = {}
QUANTITIES: dict[str, Quantity] = {}


def _quantity(
    name: str, text: str, latex: str, unit: Unit, per: str, meaning: str, along: Along = "strength"
) -> Quantity:
    """A row of the table: id, printed forms, unit, dimensions (separated by spaces), meaning."""
    _NAMES[name] = (text, latex)
    symbol = Observed(sp.Symbol(name), ABSCISSA[along])
    QUANTITIES[name] = Quantity(
        id=name,
        symbol=symbol,
        unit=unit,
        per=cast(tuple[Dimension, ...], tuple(per.split())),
        meaning=meaning,
        along=along,
    )
    return QUANTITIES[name]


LOG_PROBABILITY = _quantity(
    "log_probability",
    "log p_α(z)",
    r"\log p_{\alpha}(z \mid c_j)",
    "log_probability",
    "context token",
    "log-probability of the next token z",
)
LOG_PROBABILITY_SLOPE = _quantity(
    "log_probability_slope",
    "d/dα log p_α(z)",
    r"\tfrac{d}{d\alpha} \log p_{\alpha}(z \mid c_j)",
    "nats/strength",
    "context token",
    "exact derivative of a token's log-probability in the strength",
)
LOG_RATIO = _quantity(
    "log_ratio",
    "log p_α(z)/p_α(z0)",
    r"\log \frac{p_{\alpha}(z \mid c_j)}{p_{\alpha}(z_0 \mid c_j)}",
    "log_probability",
    "context token",
    "log-odds of the token z against z0, the most probable token of the unsteered model",
)
CENTRED_LOGIT = _quantity(
    "centred_logit",
    "l_α(z) - mean l_α",
    r"\left(\ell_{\alpha}(z) - \overline{\ell_{\alpha}}\right)",
    "logit",
    "context token",
    "logit of z less the mean logit over the vocabulary (softmax does not see a common offset)",
)
LOG_ODDS = _quantity(
    "log_odds",
    "M(z)",
    r"M(z)",
    "nats",
    "token",
    "log-odds of the token z between the positive and the negative contexts, the same at every strength",
)
PEAK = _quantity(
    "peak",
    "α⋆(m)",
    r"\alpha^{*}(m \mid c_j)",
    "strength",
    "context",
    "strength at which the tokens of log-odds m are most probable",
    along="log_odds",
)
MEAN_LOG_ODDS = _quantity(
    "mean_log_odds",
    "E_{p_α}[M]",
    r"\mathbb{E}_{p_{\alpha}}[M]",
    "nats",
    "context",
    "mean of the log-odds M under the steered distribution",
)
GREEDY_LOG_ODDS = _quantity(
    "greedy_log_odds",
    "M(argmax p_α)",
    r"M(\operatorname{argmax} p_{\alpha})",
    "nats",
    "context",
    "log-odds of the most probable token, the one that greedy decoding takes",
)
ENTROPY = _quantity(
    "entropy",
    "H(p_α)",
    r"H(p_{\alpha})",
    "nats",
    "context",
    "entropy of the steered distribution",
)
TOP_LOG_PROBABILITY = _quantity(
    "top_log_probability",
    "max log p_α",
    r"\max_z \log p_{\alpha}(z \mid c_j)",
    "log_probability",
    "context",
    "log-probability of the most probable token",
)
SINGULAR_VALUES = _quantity(
    "singular_values",
    "σ_n",
    r"\sigma_n",
    "nats/strength",
    "context",
    "singular values of the table of log-probabilities over strengths and tokens, less its row and column means, each"
    " divided by the square root of the table's size and by the standard deviation of the strengths",
    along="rank",
)
KL_FORWARD = _quantity(
    "kl_forward",
    "KL(p_α, p)",
    r"\mathrm{KL}(p_{\alpha}, p)",
    "nats",
    "context",
    "relative entropy of the steered distribution to the unsteered one",
)
KL_REVERSE = _quantity(
    "kl_reverse",
    "KL(p, p_α)",
    r"\mathrm{KL}(p, p_{\alpha})",
    "nats",
    "context",
    "relative entropy of the unsteered distribution to the steered one",
)
INTERPLAY = _quantity(
    "interplay",
    "log p_uw(z) p(z)/(p_u(z) p_w(z))",
    r"\log \frac{p_{\alpha(u+w)}(z)\, p(z)}{p_{\alpha u}(z)\, p_{\alpha w}(z)}",
    "log_probability",
    "context token",
    "log-probability of z under two vectors at once, less what each adds on its own: u the vector, w a second one, both"
    " at the strength alpha",
)
CONCEPT_LOGIT = _quantity(
    "concept_logit",
    "logit F_α(C)",
    r"\operatorname{logit} F_{\alpha}(C)",
    "logit",
    "context concept",
    "log-odds log F/(1 - F) of the probability F that the next token lies in the concept",
)
EFFICIENCY = _quantity(
    "efficiency",
    "η_α(C)",
    r"\eta_{\alpha}(C)",
    "probability",
    "context concept",
    "share of the push KL(p_alpha, p) that buys the concept: kl(F_alpha, F_0)/KL(p_alpha, p)",
)
CROSS_ENTROPY_CHANGE = _quantity(
    "cross_entropy_change",
    "ΔCE(α)",
    r"\Delta\mathrm{CE}(\alpha)",
    "nats",
    "",
    "cross-entropy of the steered model less that of the unsteered one, contexts weighted",
)
TEXT_HIT = _quantity(
    "text_hit",
    "P_α(hit)",
    r"P_{\alpha}(\mathrm{hit})",
    "probability",
    "context concept",
    "chance that a steered text holds a token of the concept",
)
TEXT_JUDGED = _quantity(
    "text_judged",
    "P_α(yes)",
    r"P_{\alpha}(\mathrm{yes})",
    "probability",
    "context concept",
    "chance that a judge who errs says of a steered text that it holds a token of the concept",
)
TEXT_DIVERGENCE = _quantity(
    "text_divergence",
    "KL(P_α, P_0)",
    r"\mathrm{KL}(P_{\alpha}, P_0)",
    "nats",
    "context",
    "relative entropy of the distribution of steered texts to that of unsteered ones",
)
TEXT_HIT_DIVERGENCE = _quantity(
    "text_hit_divergence",
    "kl(P_α(hit), P_0(hit))",
    r"\mathrm{kl}(P_{\alpha}(\mathrm{hit}), P_0(\mathrm{hit}))",
    "nats",
    "context concept",
    "binary relative entropy of the chance of a hit to its unsteered value",
)
WHOLE_TEXTS = frozenset({TEXT_HIT, TEXT_JUDGED, TEXT_DIVERGENCE, TEXT_HIT_DIVERGENCE})
"""Quantities of whole texts."""
