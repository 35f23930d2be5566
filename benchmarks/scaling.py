"""How times grow with vocabulary, strengths and contexts: three panels, ours beside streaming."""

from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers import interpolated_peaks, streamed_moments
from benchmarks.racing import race
from numerics import cumulants, peak_strengths

PICTURE = Path(__file__).with_name("scaling.svg")
OURS, THEIRS = "#0b6e4f", "#b0413e"

Times = list[tuple[float, float]]


def draw(rounds: int, largest: int) -> None:
    """Measure, with vocabularies of up to 2^largest tokens, and write the picture."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "scaling"
    import matplotlib.pyplot as plt

    vocabs = [2**n for n in range(12, largest + 1, 2)]
    strengths, contexts = [25, 100, 400, 1600], [1, 4, 16, 64]
    law, odds = _draw_law(vocabs[-1])
    panels = {
        "vocabulary, 401 strengths": (
            vocabs,
            {"K, K', K''": _over_vocab(vocabs, rounds), "all peaks": _peaks(vocabs, rounds)},
        ),
        f"strengths, V = {law.size:,}": (strengths, {"K, K', K''": _over_strengths(law, odds, strengths, rounds)}),
        f"contexts, V = {law.size:,}, 401 strengths": (
            contexts,
            {"K, K', K''": _over_contexts(law, odds, contexts, max(2, rounds // 3))},
        ),
    }
    figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained", sharey=True)
    for axis, (label, (sizes, tasks)) in zip(axes, panels.items(), strict=True):
        for (task, times), style in zip(tasks.items(), ("-", "--"), strict=False):
            for who, seconds, colour in zip(
                ("ours", "streaming"), zip(*times, strict=True), (OURS, THEIRS), strict=True
            ):
                axis.plot(sizes, seconds, style, marker="o", markersize=3, color=colour, label=f"{task}: {who}")
        axis.set(xscale="log", yscale="log", xlabel=label)
        axis.grid(alpha=0.25, which="both")
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=8)
    axes[0].set_ylabel("seconds a call")
    figure.savefig(PICTURE, metadata={"Date": None})
    print(f"wrote {PICTURE.name}")


def _over_vocab(vocabs: Sequence[int], rounds: int) -> Times:
    strengths = jnp.linspace(-5, 5, 401)
    laws = map(_draw_law, vocabs)
    return [
        _race(
            lambda law, odds: cumulants(law, odds, strengths),
            lambda law, odds: streamed_moments(law, odds, strengths),
            law,
            rounds,
        )
        for law in laws
    ]


def _peaks(vocabs: Sequence[int], rounds: int) -> Times:
    strengths = jnp.linspace(-8, 8, 401)
    laws = map(_draw_law, vocabs)
    return [
        _race(peak_strengths, lambda law, odds: interpolated_peaks(law, odds, strengths), law, rounds) for law in laws
    ]


def _over_strengths(law: jax.Array, odds: jax.Array, numbers: Sequence[int], rounds: int) -> Times:
    grids = (jnp.linspace(-5, 5, n) for n in numbers)
    return [_race(cumulants, streamed_moments, (law, odds, grid), rounds) for grid in grids]


def _over_contexts(law: jax.Array, odds: jax.Array, numbers: Sequence[int], rounds: int) -> Times:
    """Streaming is timed on one context; it takes as many times longer as there are contexts."""
    strengths = jnp.linspace(-5, 5, 401)
    noise = jnp.asarray(np.random.default_rng(2).normal(size=(numbers[-1], law.size)))
    laws = jax.nn.log_softmax(law + noise, axis=-1)
    return [
        race(
            lambda n=n: cumulants(laws[:n], odds, strengths),
            lambda: streamed_moments(law, odds, strengths),
            rounds,
            scale=n,
        )[:2]
        for n in numbers
    ]


def _race(ours: Callable, theirs: Callable, arguments: tuple, rounds: int) -> tuple[float, float]:
    return race(lambda: ours(*arguments), lambda: theirs(*arguments), rounds)[:2]


def _draw_law(vocab: int) -> tuple[jax.Array, jax.Array]:
    rng = np.random.default_rng(0)
    law = jax.nn.log_softmax(jnp.asarray(2.5 * rng.normal(size=vocab)))
    return law, jnp.asarray(rng.standard_t(6, size=vocab))
