"""Benchmarks of the laws' evaluation: `python -m benchmarks.laws` prints a table and writes benchmarks/RESULTS.md.

Contenders run in turns in one process, so that whatever else the machine does hits them alike; what is compared is the
median over rounds of the ratio within a round. `--small` is a quick check on a tenth of the vocabulary, not written.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers import bracketed_peak, interpolated_peaks, streamed_cross_entropy, streamed_moments
from numerics import cross_entropy_change, cumulants, peak_strengths
from numerics.cells import compress, sort_tokens
from numerics.peaks import _in_blocks, _interior, _nodes
from numerics.tilted import tilted_moments

RESULTS = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: seconds, how many times faster, and by how much the two differ."""

    task: str
    peer: str
    ours: float
    theirs: float
    ratio: float
    goal: str
    remark: str

    def __str__(self) -> str:
        cells = self.task, self.peer, _seconds(self.ours), _seconds(self.theirs), f"{self.ratio:,.3g}x", self.goal
        return f"| {' | '.join((*cells, self.remark))} |"


NOTES = """What bounds ours: for one law, the sort and the Gauss rules, which take longer than all strengths together;
many contexts share the sort but not the rules; laws given in float32 are computed in float64, their peer in float32."""

HEADER = """| task | against | ours | theirs | ratio | goal | remark |
|---|---|---|---|---|---|---|"""


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
    ratio = race(ours, theirs, rounds)
    error = float(jnp.max(jnp.abs(ours()[0] - theirs()[0])))
    return _row(
        f"K, K', K'' at 401 strengths, V = {law.size:,}", "JAX, streaming", ratio, "20x", f"K differs by {error:.1g}"
    )


def peaks_interpolated(law: jax.Array, odds: jax.Array, rounds: int) -> Row:
    strengths = jnp.linspace(-8, 8, 401)
    ours, theirs = (lambda: peak_strengths(law, odds)), (lambda: interpolated_peaks(law, odds, strengths))
    ratio = race(ours, theirs, rounds)
    error = float(np.nanmax(np.abs(theirs() - np.where(np.isfinite(ours()), ours(), np.nan))))
    return _row(f"all {law.size:,} peaks", "streaming + Hermite", ratio, "10x", f"theirs is off by {error:.1g}")


def peaks_bracketed(law: jax.Array, odds: jax.Array, rounds: int, tokens: int = 4) -> Row:
    chosen = np.random.default_rng(1).integers(law.size, size=tokens)
    host_law, host_odds = np.asarray(law), np.asarray(odds)
    theirs = lambda: [bracketed_peak(host_law, host_odds, z) for z in chosen]  # noqa: E731
    ratio = race(lambda: peak_strengths(law, odds), theirs, rounds, scale=law.size / tokens)
    error = float(np.max(np.abs(np.array(theirs()) - peak_strengths(law, odds)[chosen])))
    remark = f"theirs: {tokens} tokens, times {law.size // tokens:,}; they differ by {error:.1g}"
    return _row(f"all {law.size:,} peaks", "scipy brentq a token", ratio, "50,000x", remark)


def many_contexts(law: jax.Array, odds: jax.Array, rounds: int, contexts: int = 64) -> Row:
    strengths = jnp.linspace(-5, 5, 401)
    rng = np.random.default_rng(2)
    laws = jax.nn.log_softmax(law + jnp.asarray(rng.normal(size=(contexts, law.size))), axis=-1)
    ours, theirs = (lambda: cumulants(laws, odds, strengths)), (lambda: streamed_moments(laws[0], odds, strengths))
    ratio = race(ours, theirs, rounds, scale=contexts)
    remark = f"theirs: one context, times {contexts}"
    return _row(f"{contexts} contexts sharing log-odds, 401 strengths", "JAX, streaming", ratio, "50x", remark)


def cross_entropy(dtype: str, contexts: int, vocab: int, rounds: int) -> Row:
    rng = np.random.default_rng(3)
    laws = np.asarray(jax.nn.log_softmax(2.5 * jnp.asarray(rng.normal(size=(contexts, vocab))), axis=-1)).astype(dtype)
    odds, strengths = rng.standard_t(6, size=vocab), jnp.linspace(-5, 5, 64)
    ours = lambda: cross_entropy_change(laws, odds, strengths)  # noqa: E731
    theirs = lambda: streamed_cross_entropy(laws, odds.astype(dtype), strengths.astype(dtype))  # noqa: E731
    ratio = race(ours, theirs, rounds)
    error = float(jnp.max(jnp.abs(ours() - theirs())))
    task = f"cross-entropy law, {contexts:,} contexts, V = {vocab:,}, 64 strengths, {dtype} in"
    goal = "5x" if dtype == "float64" else "10x"
    return _row(task, f"row-cached streaming, {dtype}", ratio, goal, f"computed in float64; they differ by {error:.1g}")


def extra_memory(law: jax.Array, odds: jax.Array) -> str:
    """Bytes that the compiled stages need beside their arguments, as XLA reports them."""
    order, inside, strengths = sort_tokens(odds), _interior(law, odds), jnp.linspace(-5, 5, 401)
    light = compress(law, odds, order)
    nodes = _nodes(light, inside)
    stages = {
        "compressing": compress.lower(law, odds, order),
        "401 strengths": tilted_moments.lower(light.log_probs, light.log_odds, strengths),
        "nodes": _nodes.lower(light, inside),
        "solving for all peaks": _in_blocks.lower(nodes, odds, order, inside),
    }
    analyses = {name: stage.compile().memory_analysis() for name, stage in stages.items()}
    sizes = [
        f"{name} {(a.temp_size_in_bytes + a.output_size_in_bytes) / 1e6:.0f} MB" for name, a in analyses.items() if a
    ]
    return f"Memory beside the arguments, by stage: {', '.join(sizes)} (goal: 50 MB)."


def machine() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    models = [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
    cpu = models[0] if models else platform.processor()
    software = (
        f"Python {platform.python_version()}, NumPy {np.__version__}, JAX {jax.__version__} on {jax.default_backend()}"
    )
    load = f"load average {os.getloadavg()[0]:.1f} at the start"
    return f"{os.cpu_count()} cores of {cpu}, {platform.system()}, {software}; {load}; float64 unless said."


def _timed(f: Callable) -> float:
    start = time.perf_counter()
    jax.block_until_ready(f())
    return time.perf_counter() - start


def _row(task: str, peer: str, times: tuple[float, float, float], goal: str, remark: str) -> Row:
    ours, theirs, ratio = times
    return Row(task=task, peer=peer, ours=ours, theirs=theirs, ratio=ratio, goal=goal, remark=remark)


def _seconds(value: float) -> str:
    return f"{value:,.0f} s" if value >= 100 else f"{value:.2g} s" if value >= 1 else f"{1e3 * value:.3g} ms"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.laws", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the vocabulary, two rounds, nothing written")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    vocab, contexts, rounds = (2**15, 64, 2) if options.small else (2**18, 1024, options.rounds)

    rng = np.random.default_rng(0)
    law = jax.nn.log_softmax(jnp.asarray(2.5 * rng.normal(size=vocab)))
    odds = jnp.asarray(rng.standard_t(6, size=vocab))
    lines = [
        "# Benchmarks",
        "",
        "Written by `python -m benchmarks.laws`. Times are whole calls, input checks and sorting included.",
        "",
    ]
    lines += [machine(), "", HEADER]
    print("\n".join(lines), flush=True)
    few = max(1, rounds // 3)
    for measure in (
        lambda: moments(law, odds, rounds),
        lambda: peaks_interpolated(law, odds, rounds),
        lambda: peaks_bracketed(law, odds, few),
        lambda: many_contexts(law, odds, few),
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
