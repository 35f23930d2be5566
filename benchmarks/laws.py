"""Benchmarks of the laws' evaluation: `python -m benchmarks.laws` prints a table and writes benchmarks/RESULTS.md.

Contenders run in turns in one process on one core, so that whatever else the machine does hits them alike; what is
compared is the median over rounds of the ratio within a round. `--small` is a quick check on an eighth of the
vocabulary, not written; `--plots` draws how times grow, benchmarks/scaling.svg, instead of the table.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers import (
    bracketed_peak,
    interpolated_peaks,
    partitioned_top_tokens,
    streamed_cross_entropy,
    streamed_moments,
)
from numerics import cross_entropy_change, cumulants, peak_strengths, top_tokens
from numerics.cells import compress, sort_tokens
from numerics.peaks import _in_blocks, _interior, _nodes
from numerics.sums import BLOCK_ELEMENTS, TABLE_ELEMENTS, places
from numerics.tilted import tilted_moments

RESULTS = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: seconds, how many times faster than at least wanted, and by how much the two differ."""

    task: str
    peer: str
    ours: float
    theirs: float
    ratio: float
    goal: float | None = None
    reach: str = ""
    remark: str

    def __str__(self) -> str:
        met = "" if self.goal is None else "met" if self.ratio >= self.goal else "missed"
        goal = "" if self.goal is None else f"{self.goal:,.0f}x"
        cells = self.task, self.peer, _seconds(self.ours), _seconds(self.theirs), f"{self.ratio:,.3g}x", goal, met
        return f"| {' | '.join((*cells, self.reach, self.remark))} |"


NOTES = """What bounds ours: for one law, the sort (a seventh of the time), the Gauss rules (nearly half) and an
exponential for each strength and remaining token (a quarter); for all peaks, Newton's steps on expansions of degree 24;
for many contexts, exponentials, putting them in order, and Chebyshev polynomials at every token, which alone take 35 MB
and put it past the goal for memory; for cross-entropy, exponentials and the matrix product. The smaller the time, the
more other work on the machine, which shares its caches, lengthens it: a high load average lowers ratios. No GPU was at
hand. `scaling.svg` shows how times grow with vocabulary, strengths and contexts."""

HEADER = """| task | against | ours | theirs | ratio | goal | | reach for | remark |
|---|---|---|---|---|---|---|---|---|"""


def race(ours: Callable, theirs: Callable, rounds: int, scale: float = 1.0) -> tuple[float, float, float]:
    """Median seconds of both, theirs times `scale`, and the median ratio, without the first round, which compiles."""
    times = [[_timed(f) for f in (ours, theirs)] for _ in range(rounds + 1)][1:]
    return (
        statistics.median(t for t, _ in times),
        scale * statistics.median(t for _, t in times),
        statistics.median(scale * b / a for a, b in times),
    )


def moments(law: jax.Array, odds: jax.Array, rounds: int) -> Row:
    strengths = jnp.linspace(-5, 5, 401)
    ours, theirs = (lambda: cumulants(law, odds, strengths)), (lambda: streamed_moments(law, odds, strengths))
    row = _row("K, K', K'' at 401 strengths", "JAX, streaming", race(ours, theirs, rounds))
    error = float(jnp.max(jnp.abs(ours()[0] - theirs()[0])))
    return replace(row, goal=20, reach="50x", remark=f"K differs by {error:.1g}")


def peaks_interpolated(law: jax.Array, odds: jax.Array, rounds: int) -> Row:
    strengths = jnp.linspace(-8, 8, 401)
    ours, theirs = (lambda: peak_strengths(law, odds)), (lambda: interpolated_peaks(law, odds, strengths))
    row = _row("all peaks", "JAX, streaming + Hermite inverse", race(ours, theirs, rounds))
    floor = statistics.median(_timed(lambda: jnp.exp(law) + odds) for _ in range(9))
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
    return replace(_row("all peaks", "scipy brentq a token", times), goal=50_000, remark=remark)


def many_contexts(law: jax.Array, odds: jax.Array, rounds: int, contexts: int = 64) -> Row:
    strengths = jnp.linspace(-5, 5, 401)
    noise = np.random.default_rng(2).normal(size=(contexts, law.size))
    laws = jax.nn.log_softmax(law + jnp.asarray(noise), axis=-1)
    ours, theirs = (lambda: cumulants(laws, odds, strengths)), (lambda: streamed_moments(laws[0], odds, strengths))
    row = _row(f"{contexts} contexts, 401 strengths", "JAX, streaming", race(ours, theirs, rounds, scale=contexts))
    floor = statistics.median(_timed(lambda: jnp.sum(jnp.exp(laws), axis=1)) for _ in range(5))
    error = float(jnp.max(jnp.abs(ours()[0, 0] - theirs()[0])))
    remark = f"theirs: one context, times {contexts}; K differs by {error:.1g}; "
    remark += f"ours is {row.ours / floor:.0f} times one reading with an exponential"
    return replace(row, goal=50, reach="12 readings", remark=remark)


def cross_entropy(dtype: str, contexts: int, vocab: int, rounds: int) -> Row:
    rng = np.random.default_rng(3)
    laws = np.asarray(jax.nn.log_softmax(2.5 * jnp.asarray(rng.normal(size=(contexts, vocab))), axis=-1)).astype(dtype)
    odds, strengths = rng.standard_t(6, size=vocab).astype(dtype), np.linspace(-5, 5, 64).astype(dtype)
    ours = lambda: cross_entropy_change(laws, odds, strengths)  # noqa: E731
    theirs = lambda: streamed_cross_entropy(laws, odds, strengths)  # noqa: E731
    task = f"cross-entropy law, {contexts:,} contexts, V = {vocab:,}, 64 strengths, {dtype}"
    row = _row(task, "JAX, row-cached streaming", race(ours, theirs, rounds))
    error = float(jnp.max(jnp.abs(ours() - theirs())))
    return replace(row, goal=5 if dtype == "float64" else 10, remark=f"they differ by {error:.1g}")


def top_twenty(law: jax.Array, odds: jax.Array, rounds: int, few: int = 41) -> Row:
    strengths, host_law, host_odds = np.linspace(-5, 5, 401), np.asarray(law), np.asarray(odds)
    theirs = lambda: partitioned_top_tokens(host_law, host_odds, strengths[:few], 20)  # noqa: E731
    ours = lambda: top_tokens(law, odds, strengths, 20)[0]  # noqa: E731
    row = _row("top 20 at 401 strengths", "NumPy argpartition", race(ours, theirs, rounds, scale=401 / few))
    same = "agree" if np.array_equal(ours()[:few], theirs()) else "differ"
    return replace(row, remark=f"theirs: {few} strengths, times {401 / few:.1f}; they {same}")


def extra_memory(law: jax.Array, odds: jax.Array) -> str:
    """Bytes that the compiled stages need beside their arguments, as XLA reports them."""
    order, inside, strengths = sort_tokens(odds), _interior(law, odds), jnp.linspace(-5, 5, 401)
    light = compress(law, odds, order)
    nodes, where = _nodes(light, inside), places(odds)
    stages = {
        "compressing": compress.lower(law, odds, order),
        "401 strengths": tilted_moments.lower(light.log_probs, light.log_odds, strengths),
        "nodes": _nodes.lower(light, inside),
        "solving for all peaks": _in_blocks.lower(nodes, odds, order, inside),
    }
    analyses = {name: stage.compile().memory_analysis() for name, stage in stages.items()}
    sizes = {name: a.temp_size_in_bytes + a.output_size_in_bytes for name, a in analyses.items() if a}
    shared = sum(leaf.nbytes for leaf in jax.tree.leaves(where)) + 8 * (2 * BLOCK_ELEMENTS + 3 * TABLE_ELEMENTS)
    listed = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in sizes.items())
    return (
        f"Memory beside arguments and results, by stage (goal: 50 MB): {listed};"
        f" many contexts {shared / 1e6:.0f} MB, whatever their number."
    )


def machine(cores: int | None, load: float) -> str:
    cpuinfo = Path("/proc/cpuinfo")
    models = [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
    cpu = models[0] if models else platform.processor()
    software = (
        f"Python {platform.python_version()}, NumPy {np.__version__}, JAX {jax.__version__} on {jax.default_backend()}"
    )
    return f"One of {cores} cores of {cpu}, {platform.system()}, {software}; load average {load:.1f} at the start."


def _timed(f: Callable) -> float:
    start = time.perf_counter()
    jax.block_until_ready(f())
    return time.perf_counter() - start


def _row(task: str, peer: str, times: tuple[float, float, float]) -> Row:
    ours, theirs, ratio = times
    return Row(task=task, peer=peer, ours=ours, theirs=theirs, ratio=ratio, remark="")


def _seconds(value: float) -> str:
    return f"{value:,.0f} s" if value >= 100 else f"{value:.2g} s" if value >= 1 else f"{1e3 * value:.3g} ms"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.laws", description=__doc__)
    parser.add_argument("--small", action="store_true", help="an eighth of the vocabulary, two rounds, nothing written")
    parser.add_argument("--plots", action="store_true", help="draw how times grow, instead of the table")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    cores, load = os.cpu_count(), os.getloadavg()[0]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # before JAX starts its threads
    if options.plots:
        from benchmarks.scaling import draw

        draw(rounds=2 if options.small else options.rounds, largest=15 if options.small else 18)
        return
    vocab, contexts, rounds = (2**15, 64, 2) if options.small else (2**18, 1024, options.rounds)

    rng = np.random.default_rng(0)
    law = jax.nn.log_softmax(jnp.asarray(2.5 * rng.normal(size=vocab)))
    odds = jnp.asarray(rng.standard_t(6, size=vocab))
    lines = [
        "# Benchmarks",
        "",
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
        lambda: cross_entropy("float32", contexts, 50_257, few),
        lambda: cross_entropy("float64", contexts, 50_257, few),
    ):
        lines.append(str(measure()))
        print(lines[-1], flush=True)
    lines += ["", extra_memory(law, odds), "", NOTES]
    print("\n".join(lines[-3:]))
    if not options.small:
        RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
