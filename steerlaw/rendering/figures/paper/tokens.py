"""The tokens most likely at the largest strength: their curves, what the tilt predicts, and whether they turn once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from numerics.bands.band import Band
from numerics.bands.shapes import bump
from numerics.observing.curves.loading import curves_of
from steerlaw.inputs.subjects import Observation
from steerlaw.rendering.figures.paper.panels import horizons
from steerlaw.rendering.figures.predicted import token_probabilities

EIGHT = 8
"""Tokens that the paper shows."""
SEEN = 0.01
"""A difference of probability that a reader sees."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenCurves:
    """Changes of probability after one context over strengths that begin or end at 0; `predicted` None: unknown.

    `every` says whether the tokens are the likeliest of the vocabulary, or only of those watched.
    """

    strengths: Float[np.ndarray, " strengths"]
    tokens: Int[np.ndarray, " tokens"]
    changes: Float[np.ndarray, "tokens strengths"]
    predicted: Float[np.ndarray, "tokens strengths"] | None
    every: bool

    @property
    def turning_once(self) -> int:
        """How many of the tokens rise and then fall, either part empty, but for `SEEN`."""
        return int(turns_once(self.strengths, self.changes).sum())

    @property
    def horizon(self) -> float:
        """The strength up to which, from 0 on, every token is within `SEEN` of what the tilt predicts; NaN unknown."""
        if self.predicted is None:
            return np.nan
        off = np.abs(self.predicted - self.changes).max(axis=0)
        return max(horizons(self.strengths, off, SEEN), key=abs)


def turns_once(
    strengths: Float[np.ndarray, " strengths"], changes: Float[np.ndarray, "tokens strengths"]
) -> np.ndarray:
    """Whether each curve is within `SEEN` of one that rises and then falls.

    >>> turns_once(np.arange(4.0), np.array([[0, 0.5, 0.1, 0.2], [0, 0.5, 0.2, 0.205]]))
    array([False,  True])
    """
    band = Band(strengths=strengths, lower=changes.T, upper=changes.T)
    return bump(band).most <= SEEN


def token_curves(observation: Observation, context: int, tokens: Sequence[int] | None = None) -> TokenCurves:
    """The `EIGHT` likeliest at the strength farthest from 0, or the tokens given, on that side of 0."""
    strengths = observation.sweep.strengths
    right = farther_right(strengths)
    side = np.flatnonzero(strengths >= 0 if right else strengths <= 0)
    ids, every = _chosen(observation, context, right) if tokens is None else (np.asarray(tokens), True)
    log_probs = _log_probs(observation, context, ids)
    if log_probs is None and tokens is None:  # the curves of the likeliest are nowhere: those of the watched ones are
        ids, every = _likeliest_watched(observation, context, right), False
        log_probs = _log_probs(observation, context, ids)
    if log_probs is None:
        raise ValueError("the sweep holds no curves of these tokens; run the plan again with its tables")
    zero = int(np.argmin(np.abs(strengths)))
    probs = np.exp(log_probs)
    return TokenCurves(
        strengths=strengths[side],
        tokens=ids,
        changes=(probs - probs[:, [zero]])[:, side],
        predicted=_predicted(observation, context, ids, strengths[side]),
        every=every,
    )


def farther_right(strengths: Float[np.ndarray, " strengths"]) -> bool:
    """Whether the largest strength is the last one; of two of one size, it is."""
    return bool(abs(strengths[-1]) >= abs(strengths[0]))


def likeliest(values: Float[np.ndarray, " vocab"], count: int = EIGHT) -> Int[np.ndarray, " tokens"]:
    """The ids of the largest values, the largest first."""
    return np.argsort(-values, kind="stable")[:count]


def _chosen(observation: Observation, context: int, right: bool) -> tuple[Int[np.ndarray, " tokens"], bool]:
    """By the whole vocabulary where the sweep holds its ends; else by what is watched."""
    data, end = observation.sweep.data, "end" if right else "start"
    if end in data:
        return likeliest(data[end].isel(context=context).to_numpy()), True
    return _likeliest_watched(observation, context, right), False


def _likeliest_watched(observation: Observation, context: int, right: bool) -> Int[np.ndarray, " tokens"]:
    data = observation.sweep.data
    table = data["log_probability"].isel(context=context).transpose("token", "strength").to_numpy()
    return data["token"].to_numpy()[likeliest(table[:, -1 if right else 0])]


def _log_probs(
    observation: Observation, context: int, ids: Int[np.ndarray, " tokens"]
) -> Float[np.ndarray, "tokens strengths"] | None:
    """Off the sweep where all of them are watched, else off its curves; None where these lack the unembedding."""
    data, sweep = observation.sweep.data, observation.sweep
    watched = data["token"].to_numpy() if "token" in data else np.zeros(0, int)
    if np.isin(ids, watched).all() and "log_probability" in data:
        rows = data["log_probability"].isel(context=context).transpose("token", "strength").to_numpy()
        return rows[[int(np.flatnonzero(watched == z)[0]) for z in ids]]
    try:
        curves = () if sweep.nodes is None else curves_of(sweep.nodes)
    except ValueError:  # an unembedding too large to be stored
        return None
    return curves[context].log_probs(sweep.strengths, ids).T if curves else None


def _predicted(
    observation: Observation, context: int, ids: Int[np.ndarray, " tokens"], strengths: Float[np.ndarray, " strengths"]
) -> Float[np.ndarray, "tokens strengths"] | None:
    """The tilt's, by the log-odds known before steering."""
    baseline = observation.baseline
    if baseline is None or baseline.log_odds is None:
        return None
    probs = token_probabilities(baseline, context, ids.tolist(), np.append(strengths, 0.0))
    return probs[:, :-1] - probs[:, [-1]]
