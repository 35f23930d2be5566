"""The tilted law in fifty digits, and laws that are hard on floats: the oracle of the kernels' tests."""

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
from hypothesis import strategies as st

mp.mp.dps = 50
EPS = float(np.finfo(float).eps)
VOCAB = 16  # one size, so that one compilation serves every draw; tokens of probability 0 make it vary


def normalised(logits: np.ndarray) -> np.ndarray:
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def cumulants(log_probs: np.ndarray, log_odds: np.ndarray, strength: float, order: int = 2) -> list[Any]:
    """K, K', ... (mpmath numbers) from central moments of the exactly normalised law."""
    pairs = [(mp.mpf(float(p)), mp.mpf(float(m))) for p, m in zip(log_probs, log_odds, strict=True) if p > -np.inf]
    base = mp.fsum(mp.exp(p) for p, _ in pairs)
    weights = [mp.exp(p + mp.mpf(float(strength)) * m) for p, m in pairs]
    mass = mp.fsum(weights)
    mean = mp.fsum(w * m for w, (_, m) in zip(weights, pairs, strict=True)) / mass
    central = [mp.fsum(w * (m - mean) ** n for w, (_, m) in zip(weights, pairs, strict=True)) / mass for n in range(7)]
    higher = [central[2], central[3], central[4] - 3 * central[2] ** 2, central[5] - 10 * central[2] * central[3]]
    return [mp.log(mass / base), mean, *higher][: order + 1]


def spread(log_odds: np.ndarray) -> float:
    return float(np.ptp(log_odds))


def rounding(log_odds: np.ndarray, strength: float) -> float:
    """The promised accuracy of K in nats."""
    return 1e-12 + 4 * EPS * abs(strength) * float(np.abs(log_odds).max())


def _bfloat16(values: np.ndarray) -> np.ndarray:
    return (values.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32).astype(float)


def hard_laws(vocab: int = 120) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name -> (log-probabilities, log-odds)."""
    rng = np.random.default_rng(0)
    logits, normal = 2.5 * rng.normal(size=vocab), rng.normal(size=vocab)
    dominated = np.append(np.zeros(vocab - 1), np.log(9 * (vocab - 1)))
    holes = np.where(np.arange(vocab) % 3 == 0, -np.inf, logits)
    holes[[normal.argmax(), normal.argmin()]] = -np.inf
    laws = {
        "gaussian": (logits, normal),
        "heavy tails": (logits, rng.standard_t(2, size=vocab)),
        "one token of probability 0.9": (dominated, normal),
        "logits of sd 5": (2 * logits, normal),
        "bfloat16 ties": (logits, _bfloat16(normal).round(1)),
        "float32 log-odds": (logits, normal.astype(np.float32).astype(float)),
        "outlier at 60 sd": (logits, np.append(normal[1:], 60.0)),
        "tokens of probability 0": (holes, normal),
        "spread 1e-8": (logits, 1e-8 * normal),
        "spread 1e-8 far from 0": (logits, 3 + 1e-8 * normal),
        "spread 1e2": (logits, 1e2 * normal),
        "two tokens": (np.array([-3.0, 0.0]), np.array([-1.0, 2.0])),
    }
    return {name: (normalised(law), odds) for name, (law, odds) in laws.items()}


@st.composite
def tilted_laws(draw: Callable) -> tuple[np.ndarray, np.ndarray]:
    """Up to sixteen tokens that occur, log-odds of any spread from 1e-8 to 1e2, ties and huge gaps included."""
    occurring = draw(st.integers(2, VOCAB))
    logits = draw(st.lists(st.floats(-30, 30), min_size=occurring, max_size=occurring))
    levels = st.one_of(st.integers(-4, 4).map(float), st.floats(-4, 4, width=32))
    odds = draw(st.lists(levels, min_size=VOCAB, max_size=VOCAB))
    scale = 10.0 ** draw(st.integers(-8, 1))
    law = np.append(normalised(np.array(logits)), np.full(VOCAB - occurring, -np.inf))
    return law, scale * np.array(odds)
