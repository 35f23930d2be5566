"""What a claim speaks about: the curves a sweep observes, one row each.

`per` names the dimensions of a sweep that a quantity has beside the strength; `unit` is the unit in which
departures from a claim about it are reported. Logs are natural.
"""

from dataclasses import dataclass
from typing import Literal

import sympy as sp

from theory.tilted import Atom, Expr, alpha

Unit = Literal["probability", "log_probability", "nats", "strength", "logit", "nats/strength", "count"]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One observable curve of the strength: its id, symbol (for printing), unit, and what there is one curve per."""

    id: str
    symbol: Expr
    unit: Unit
    per: tuple[Literal["context", "token", "concept"], ...]
    meaning: str


class Observed(Atom):
    """An observed curve: it prints as mathematics and stands for itself, for it has no definition in closed form."""

    def names(self) -> tuple[str, str]:
        return _NAMES[str(self.args[0])]

    def unfold(self) -> Expr:
        raise ValueError(f"{self}: observed, so it has no definition; put the closed form of a claim in its place")


_NAMES = {
    "log_probability": ("log p_α(z)", r"\log p_{\alpha}(z \mid c_j)"),
    "log_probability_slope": ("d/dα log p_α(z)", r"\tfrac{d}{d\alpha} \log p_{\alpha}(z \mid c_j)"),
    "centred_logit": ("l_α(z) - mean l_α", r"\left(\ell_{\alpha}(z) - \overline{\ell_{\alpha}}\right)"),
    "mean_log_odds": ("E_{p_α}[M]", r"\mathbb{E}_{p_{\alpha}}[M]"),
    "concept_logit": ("logit F_α(C)", r"\operatorname{logit} F_{\alpha}(C)"),
    "cross_entropy_change": ("ΔCE(α)", r"\Delta\mathrm{CE}(\alpha)"),
}


def _symbol(name: str) -> Expr:
    return Observed(sp.Symbol(name), alpha)


LOG_PROBABILITY = Quantity(
    id="log_probability",
    symbol=_symbol("log_probability"),
    unit="log_probability",
    per=("context", "token"),
    meaning="log-probability of the next token z",
)
LOG_PROBABILITY_SLOPE = Quantity(
    id="log_probability_slope",
    symbol=_symbol("log_probability_slope"),
    unit="nats/strength",
    per=("context", "token"),
    meaning="exact derivative of a token's log-probability in the strength",
)
CENTRED_LOGIT = Quantity(
    id="centred_logit",
    symbol=_symbol("centred_logit"),
    unit="logit",
    per=("context", "token"),
    meaning="logit of z less the mean logit over the vocabulary (softmax does not see a common offset)",
)
MEAN_LOG_ODDS = Quantity(
    id="mean_log_odds",
    symbol=_symbol("mean_log_odds"),
    unit="nats",
    per=("context",),
    meaning="mean of the log-odds M under the steered law",
)
CONCEPT_LOGIT = Quantity(
    id="concept_logit",
    symbol=_symbol("concept_logit"),
    unit="logit",
    per=("context", "concept"),
    meaning="log-odds log F/(1 - F) of the probability F that the next token lies in the concept",
)
CROSS_ENTROPY_CHANGE = Quantity(
    id="cross_entropy_change",
    symbol=_symbol("cross_entropy_change"),
    unit="nats",
    per=(),
    meaning="cross-entropy of the steered model less that of the unsteered one, contexts weighted",
)

QUANTITIES = {
    q.id: q
    for q in (
        LOG_PROBABILITY,
        LOG_PROBABILITY_SLOPE,
        CENTRED_LOGIT,
        MEAN_LOG_ODDS,
        CONCEPT_LOGIT,
        CROSS_ENTROPY_CHANGE,
    )
}
