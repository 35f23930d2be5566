"""Steered curves made of numbers alone, and what a page is told of them: no model runs."""

from itertools import pairwise

import numpy as np
from scipy.special import log_softmax

from numerics.observing.curves.angle import AngleMap
from numerics.observing.curves.curve import SteeredCurve
from numerics.observing.curves.head import Head
from numerics.observing.curves.pieces import Piece, nodes_between
from steerlaw.results.exploring.explored import Explored


def explored(seed=0, *, vocab=50, d=6, n=17, pieces=2, cap=None, scale=3.0, model="tiny", context=0) -> Explored:
    """A curve of degree at most 5 in the angle, of two pieces by default, and predictions that are not its own."""
    random = np.random.default_rng(seed)
    middle, spread = random.normal() * 0.1, np.exp(random.normal() * 0.3)
    ends = np.linspace(-1.2, 1.1, pieces + 1)
    coefficients = random.normal(size=(6, d)) / (1 + np.arange(6.0))[:, None] ** 1.5
    made = []
    for low, high in pairwise(ends):
        values = np.polynomial.polynomial.polyval(nodes_between(low, high, n), coefficients).T
        made.append(Piece(low=low, high=high, values=values.astype(np.float32), error=1e-6, resolved=True))
    map_ = AngleMap(middle=middle, spread=spread)
    curve = SteeredCurve(
        map=map_,
        pieces=tuple(made),
        head=Head(size=vocab, table=(scale * random.normal(size=(vocab, d))).astype(np.float32), cap=cap, divisor=1.5),
        window=(float(map_.strength(ends[:1])[0]), float(map_.strength(ends[-1:])[0])),
        evaluations=n,
        rounding=1e-6,
        tolerance=1e-4,
    )
    return Explored(
        model=model,
        concept="any",
        layer=1,
        context=context,
        prompt="a </script> prompt",
        push=0.4,
        curve=curve,
        log_probs=log_softmax(random.normal(size=vocab)),
        local=random.normal(size=vocab),
        prompts=random.normal(size=vocab),
        shown=(0, 3),
        watched=(7, 9),
        texts=tuple(f" w{token}" for token in range(vocab)),
    )
