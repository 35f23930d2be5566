"""Benchmarks of the laws' evaluation: `python -m benchmarks.laws` writes its part of RESULTS.md.

Contenders run in turns in one process on one core, so that whatever else the machine does hits them alike; what is
compared is the median over rounds of the ratio within a round. `--small` is a quick check on an eighth of the
vocabulary, not written; `--plots` draws how times grow, benchmarks/scaling.svg, instead of the table.
"""

import argparse
import statistics
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from benchmarks.peers import (
    bracketed_peak,
    interpolated_peaks,
    partitioned_top_tokens,
    streamed_cross_entropy,
    streamed_moments,
)
from benchmarks.racing import HEADER, Row, line, machine, on_one_core, race, timed
from benchmarks.results import write_part
from numerics import cross_entropy_change, cumulants, peak_strengths, top_tokens
from numerics.closed_forms import cross_entropy as ce
from numerics.closed_forms.peaks import _in_slices, _interior, _nodes
from numerics.exponential_sums.cells import compress, sort_tokens
from numerics.exponential_sums.sums import BLOCK_ELEMENTS, TABLE_ELEMENTS, _lighten, _tilted_sums_at, lighten, places
from numerics.exponential_sums.tilted import tilted_moments

NOTES = """What bounds ours: for one law, compressing it (two fifths), the sort (a fifth) and an exponential for each
strength and remaining token (an eighth); for all peaks, Newton's steps on expansions of degree 24; for many contexts,
exponentials, putting them in order and Chebyshev polynomials; for cross-entropy, exponentials and the matrix product.
The smaller the time, the more other work on the machine, which shares its caches, lengthens it: a high load average
lowers ratios. No GPU was at hand. `scaling.svg` shows how times grow with vocabulary, strengths and contexts."""


def moments(law: jax.Array, odds: jax.Array, rounds: int) -> Row:
    strengths = jnp.linspace(-5, 5, 401)
    ours, theirs = (lambda: cumulants(law, odds, strengths)), (lambda: streamed_moments(law, odds, strengths))
    row = line("K, K', K'' at 401 strengths", "JAX, streaming", race(ours, theirs, rounds))
    error = float(jnp.max(jnp.abs(ours()[0] - theirs()[0])))
    return replace(row, goal=20, reach="50x", remark=f"K differs by {error:.1g}")


def peaks_interpolated(law: jax.Array, odds: jax.Array, rounds: int) -> Row:
    strengths = jnp.linspace(-8, 8, 401)
    ours, theirs = (lambda: peak_strengths(law, odds)), (lambda: interpolated_peaks(law, odds, strengths))
    row = line("all peaks", "JAX, streaming + Hermite inverse", race(ours, theirs, rounds))
    floor = statistics.median(timed(lambda: jnp.exp(law) + odds) for _ in range(9))
    error = float(np.nanmax(np.abs(theirs() - np.where(np.isfinite(ours()), ours(), np.nan))))
    remark = f"ours is {row.ours / floor:.0f} times one reading with an exponential; theirs is off by {error:.1g}"
    return replace(row, goal=10, reach="60 readings", remark=remark)


def peaks_bracketed(law: jax.Array, odds: jax.Array, rounds: int, tokens: int = 4) -> Row:
    chosen = np.random.default_rng(1).integers(law.size, size=tokens)
    host_law, host_odds = np.asarray(law), np.asarray(odds)
    theirs = lambda: [bracketed_peak(host_law, host_odds, z) for z in chosen]  # noqa: E731
    times = race(lambda: peak_strengths(law, odds), theirs, rounds, scale=law.size / tokens)
    error = float(np.max(np.abs(np.array(theirs()) - peak_strengths(law, odds)[chosen])))
    remark = f"theirs: {tokens} tokens, times {law.size // tokens:,}; they differ by {error:.1g}"
    return replace(line("all peaks", "scipy brentq a token", times), goal=50_000, remark=remark)


def many_contexts(law: jax.Array, odds: jax.Array, rounds: int, contexts: int = 64) -> Row:
    strengths = jnp.linspace(-5, 5, 401)
    noise = np.random.default_rng(2).normal(size=(contexts, law.size))
    laws = jax.nn.log_softmax(law + jnp.asarray(noise), axis=-1)
    ours, theirs = (lambda: cumulants(laws, odds, strengths)), (lambda: streamed_moments(laws[0], odds, strengths))
    row = line(f"{contexts} contexts, 401 strengths", "JAX, streaming", race(ours, theirs, rounds, scale=contexts))
    floor = statistics.median(timed(lambda: jnp.sum(jnp.exp(laws), axis=1)) for _ in range(5))
    error = float(jnp.max(jnp.abs(ours()[0, 0] - theirs()[0])))
    remark = f"theirs: one context, times {contexts}; K differs by {error:.1g}; "
    remark += f"ours is {row.ours / floor:.0f} times one reading with an exponential"
    return replace(row, goal=50, reach="12 readings", remark=remark)


def cross_entropy(dtype: str, contexts: int, vocab: int, rounds: int) -> Row:
    laws, rng = _laws(contexts, vocab, dtype), np.random.default_rng(4)
    odds, strengths = rng.standard_t(6, size=vocab).astype(dtype), np.linspace(-5, 5, 64).astype(dtype)
    found = {}
    ours = lambda: found.update(ours=cross_entropy_change(laws, odds, strengths).block_until_ready())  # noqa: E731
    theirs = lambda: found.update(theirs=streamed_cross_entropy(laws, odds, strengths).block_until_ready())  # noqa: E731
    task = f"cross-entropy law, {contexts:,} contexts, V = {vocab:,}, 64 strengths, {dtype}"
    row = line(task, "JAX, row-cached streaming", race(ours, theirs, rounds))
    error = float(jnp.max(jnp.abs(found["ours"] - found["theirs"])))
    return replace(row, goal=5 if dtype == "float64" else 10, remark=f"they differ by {error:.1g}")


def _laws(contexts: int, vocab: int, dtype: str, step: int = 64) -> np.ndarray:
    """A table of log-probabilities, filled a few rows at a time: nothing else of its size is ever held."""
    table, rng = np.empty((contexts, vocab), dtype), np.random.default_rng(3)
    for start in range(0, contexts, step):
        rows = table[start : start + step]
        rows[:] = jax.nn.log_softmax(2.5 * jnp.asarray(rng.normal(size=rows.shape)), axis=-1)
    return table


def top_twenty(law: jax.Array, odds: jax.Array, rounds: int, few: int = 41) -> Row:
    strengths, host_law, host_odds = np.linspace(-5, 5, 401), np.asarray(law), np.asarray(odds)
    theirs = lambda: partitioned_top_tokens(host_law, host_odds, strengths[:few], 20)  # noqa: E731
    ours = lambda: top_tokens(law, odds, strengths, 20)[0]  # noqa: E731
    row = line("top 20 at 401 strengths", "NumPy argpartition", race(ours, theirs, rounds, scale=401 / few))
    same = "agree" if np.array_equal(ours()[:few], theirs()) else "differ"
    return replace(row, remark=f"theirs: {few} strengths, times {401 / few:.1f}; they {same}")


def extra_memory(law: jax.Array, odds: jax.Array) -> str:
    """Bytes that the stages need beside their arguments: what XLA reports of them, and what is held meanwhile."""
    order, inside, strengths = sort_tokens(odds), _interior(law, odds), jnp.linspace(-5, 5, 401)
    light, where = compress(law, odds, order), places(odds)
    nodes = _nodes(light, inside)
    block = jnp.zeros((BLOCK_ELEMENTS // odds.size, odds.size))
    chunk = strengths[: TABLE_ELEMENTS // where.log_odds.size]
    some, held = lighten(block, where), sum(leaf.nbytes for leaf in jax.tree.leaves(where))
    mixing = 2 * block.nbytes + _needed(_lighten, block, where)  # weights in the tokens' order and in that of log-odds
    tilting = _needed(partial(_tilted_sums_at, order=2), some, where, chunk)
    sizes = {
        "compressing": _needed(compress, law, odds, order),
        "401 strengths": _needed(tilted_moments, light.log_probs, light.log_odds, strengths),
        "nodes": _needed(_nodes, light, inside),
        "solving for all peaks": _needed(_in_slices, nodes, odds, order, inside),
        "many contexts": held + max(mixing, tilting),
        "cross-entropy": _of_cross_entropy(jnp.float64),
    }
    listed = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in sizes.items())
    return f"Memory beside arguments and results, by stage (goal: 50 MB): {listed}."


def _of_cross_entropy(dtype: DTypeLike, vocab: int = 50_257) -> int:
    """A table of exponentials at 64 strengths and what goes with one block of laws."""
    odds, centre, strengths = jnp.zeros(vocab, dtype), jnp.zeros((), dtype), jnp.zeros(64, dtype)
    block, table = jnp.zeros((ce.BLOCK_ELEMENTS // vocab, vocab), dtype), ce._table(odds, centre, strengths)
    return block.nbytes + table.nbytes + _needed(ce._excesses, block, odds, table, centre, strengths)


def _needed(stage: Callable, *arguments: object) -> int:
    """Temporaries and results of a compiled stage."""
    analysis = jax.jit(stage).lower(*arguments).compile().memory_analysis()
    return analysis.temp_size_in_bytes + analysis.output_size_in_bytes if analysis else 0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.laws", description=__doc__)
    parser.add_argument("--small", action="store_true", help="an eighth of the vocabulary, two rounds, nothing written")
    parser.add_argument("--plots", action="store_true", help="draw how times grow, instead of the table")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    cores, load = on_one_core()
    if options.plots:
        from benchmarks.scaling import draw

        draw(rounds=2 if options.small else options.rounds, largest=15 if options.small else 18)
        return
    vocab, contexts, rounds = (2**15, 64, 2) if options.small else (2**18, 10_000, options.rounds)

    rng = np.random.default_rng(0)
    law = jax.nn.log_softmax(jnp.asarray(2.5 * rng.normal(size=vocab)))
    odds = jnp.asarray(rng.standard_t(6, size=vocab))
    lines = [
        "Written by `python -m benchmarks.laws`. Times are whole calls, input checks and sorting included. Vocabulary"
        f" {vocab:,} and float64 unless said; one thread; logits of sd 2.5, log-odds of Student's t with 6 degrees.",
        "",
        machine(cores, load),
        "",
        HEADER,
    ]
    print("\n".join(lines), flush=True)
    few = max(2, rounds // 3)
    for measure in (
        lambda: moments(law, odds, rounds),
        lambda: peaks_interpolated(law, odds, rounds),
        lambda: peaks_bracketed(law, odds, few),
        lambda: many_contexts(law, odds, few),
        lambda: top_twenty(law, odds, few),
        lambda: cross_entropy("float32", contexts, 50_257, rounds=2),
        lambda: cross_entropy("float64", contexts, 50_257, rounds=2),
    ):
        lines.append(str(measure()))
        print(lines[-1], flush=True)
    lines += ["", extra_memory(law, odds), "", NOTES]
    print("\n".join(lines[-3:]))
    if not options.small:
        write_part("Evaluating the laws", "\n".join(lines))


if __name__ == "__main__":
    main()
