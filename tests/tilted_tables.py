"""A distribution over five tokens, tilted: tables and curves straight from their definitions."""

from typing import Any

import numpy as np
from scipy.special import log_softmax

STRENGTHS = np.linspace(-6, 6, 97)
LOG_PROBS = np.log([0.2, 0.3, 0.1, 0.25, 0.15])
LOG_ODDS = np.array([-1.5, 0.0, 0.7, 2.0, -0.4])
KNOWN: dict[str, Any] = {"log_probs": LOG_PROBS, "log_odds": LOG_ODDS}


def tilted(strengths=STRENGTHS, log_probs=LOG_PROBS, log_odds=LOG_ODDS) -> np.ndarray:
    """The table of log-probabilities [strengths, vocab], straight from a softmax."""
    return log_softmax(log_probs + strengths[:, None] * log_odds, axis=1)


def cross_entropy_change(strengths=STRENGTHS) -> np.ndarray:
    return np.logaddexp.reduce(LOG_PROBS + strengths[:, None] * LOG_ODDS, axis=1) - strengths * (
        np.exp(LOG_PROBS) @ LOG_ODDS
    )
