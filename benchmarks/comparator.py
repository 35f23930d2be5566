"""Benchmarks of the comparator: `python -m benchmarks.comparator` writes its part of RESULTS.md and a picture.

False alarms on curves that obey and among random directions, power against departures of known size beside rules of
thumb, agreement with certified answers, and the time for a whole vocabulary. `--small` is a quick check on a tenth of
everything, not written. `--only NAME,...` runs some of the six, and writes these alone.
"""

import argparse
import os
import platform
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from benchmarks.coverage import coverage
from benchmarks.directions import direction_alarms
from benchmarks.exact_instances import Tally, concept_instances, token_instances
from benchmarks.naive_rules import RULES
from benchmarks.results import write_part, write_section
from benchmarks.simulated import BANDS, CLASSES, GRID, SCENES, band_of, departing, replicates
from numerics.bands import shapes
from numerics.bands.band import Band, around
from numerics.bands.intervals import centred, mean_band
from steerlaw.rendering.figures.style import BLACK, SERIES, WIDTH, styled

PICTURE = Path(__file__).parent.parent / "docs" / "comparator_power.svg"

LEVEL = 0.05
STRENGTHS = 11
REPLICATES = 16
DEPTHS = np.arange(0, 17, 1.0)
OURS, PLAIN = "comparator", "comparator, not centred"
VOCAB, LONG_GRID, BLOCK = 151_936, 1025, 4096


def false_alarms(scale: float) -> Iterator[str]:
    """Share of curves of each class that are said to depart from it, with its Clopper-Pearson interval."""
    curves = int(10_000 * scale)
    yield f"### False alarms: {curves:,} curves of each class and band kind, level {LEVEL:g}"
    yield ""
    yield (
        f"{STRENGTHS} strengths; half of each curve's steps are flat, so that it lies on the edge of its class. Share "
        "of curves said to depart, with the upper end of its 95% Clopper-Pearson interval."
    )
    yield ""
    yield f"| class | {' | '.join(BANDS)} |"
    yield "|---|" + "---|" * len(BANDS)
    worst = 0.0
    for number, (name, shape) in enumerate(CLASSES.items()):
        cells = []
        for other, kind in enumerate(BANDS):
            if kind.endswith("centred") and not shape.shifts:
                cells.append("—")
                continue
            rng = np.random.default_rng([1, number, other])
            truth = shape.draw(rng, STRENGTHS, curves)
            alarms = int((shape.judge(band_of(kind, rng, truth, LEVEL), truth).least > 0).sum())
            high = binomtest(alarms, curves).proportion_ci(method="exact").high
            worst = max(worst, high)
            cells.append(f"{alarms / curves:.4f} (≤ {high:.4f})")
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    yield f"Largest upper end: {worst:.4f}, {'at most' if worst <= LEVEL else 'above'} the stated level."


def power(scale: float) -> Iterator[str]:
    """Share of departing curves that are found, against the size of the departure, beside rules of thumb."""
    curves = max(int(400 * scale), 20)
    yield f"### Power: {curves} curves a size, {REPLICATES} contexts, {len(GRID)} strengths, level {LEVEL:g}"
    yield ""
    yield (
        "Sizes in standard errors of the mean at one strength, beside which contexts differ by an offset twice as "
        "large; half of the noise runs smoothly along the strength, as it does where the same contexts are steered at "
        "every strength. Size 0 obeys: what is found there is a false alarm. Rules with a residual are told the true "
        "standard error, which the comparator has to estimate. ![Power against size](../docs/comparator_power.svg)"
    )
    found = {scene: _found(scene, curves) for scene in SCENES}
    chosen = [0, 4, 6, 8, 10, 12, 16]
    for scene, rows in found.items():
        yield ""
        yield f"| {scene} | {' | '.join(f'{depth}' for depth in chosen)} |"
        yield "|---|" + "---|" * len(chosen)
        for rule, shares in rows.items():
            yield f"| {rule} | {' | '.join(f'{shares[depth]:.2f}' for depth in chosen)} |"
    if scale >= 1:
        _draw(found)


def _found(scene: str, curves: int) -> dict[str, list[float]]:
    shape = SCENES[scene]
    judge = {"rising": shapes.rising, "bump": shapes.bump}[shape]
    rows: dict[str, list[float]] = {rule: [] for rule in (OURS, PLAIN, *RULES[shape])}
    for depth in DEPTHS:
        rng = np.random.default_rng([2, int(depth), len(scene)])
        samples = replicates(rng, departing(scene, depth), REPLICATES, curves)
        for name, replicate in ((OURS, centred(samples)), (PLAIN, samples)):
            lower, upper = mean_band(replicate, level=LEVEL)
            found = judge(Band(strengths=GRID, lower=lower, upper=upper), "departing")
            rows[name].append(float((found.least > 0).mean()))
        means = samples.mean(axis=0)
        for rule, departs in RULES[shape].items():
            rows[rule].append(float(departs(means).mean()))
    return rows


@styled
def _draw(found: dict[str, dict[str, list[float]]]) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(WIDTH, 4.4), sharey="row", height_ratios=[1, 2.6], layout="constrained")
    for n, (scene, rows) in enumerate(found.items()):
        above, below = axes[:, n]
        above.plot(GRID, departing(scene, 8.0), color=BLACK)
        above.set(title=scene, xticks=[], yticks=[])
        for number, (rule, shares) in enumerate(rows.items()):
            look = {"lw": 2.2} if rule in (OURS, PLAIN) else {"lw": 1.3, "ls": (4 * number, (4, 4))}
            below.plot(DEPTHS, shares, color=SERIES[number], label=rule, **look)
        below.axhline(LEVEL, color="#9aa3ab", lw=0.7, zorder=0)
        below.set(xlabel="size of the departure / standard error", ylim=(-0.03, 1.03), xlim=(0, DEPTHS[-1]))
        below.legend(loc="upper left", bbox_to_anchor=(0, -0.22))
    axes[0, 0].set_ylabel("at size 8")
    axes[1, 0].set_ylabel("share said to depart")
    axes[1, 2].annotate("false alarms\nat size 0", (0, LEVEL), (0.6, 0.3), fontsize=7, arrowprops={"arrowstyle": "->"})
    figure.savefig(PICTURE, metadata={"Date": None})
    plt.close(figure)


def agreement(scale: float) -> Iterator[str]:
    """Verdicts on exact tilted laws against ball arithmetic."""
    tokens, concepts = int(600 * scale), int(400 * scale)
    yield f"### Agreement with certified answers: {tokens + concepts:,} exact instances"
    yield ""
    yield (
        "Random tilted laws, computed in float64 without the kernels of `numerics`, judged within rounding; truth from "
        "ball arithmetic (`numerics.closed_forms.certified`): where a token peaks, how often a concept turns. A "
        "contradiction is a verdict that the certified answer excludes, or an exact departure outside the interval "
        "from D- to D+."
    )
    yield ""
    yield "| instances | judged | holds | departs | undecided | contradictions |"
    yield "|---|---|---|---|---|---|"
    total = Tally()
    for name, tally in (("tokens", token_instances(tokens)), ("concepts", concept_instances(concepts))):
        yield f"| {tally.instances:,} {name} | {tally.row()} |"
        total = total + tally
    yield f"| {total.instances:,} together | {total.row()} |"


def timing(scale: float) -> Iterator[str]:
    """All token shape laws on every token of a large vocabulary, a block of columns at a time."""
    vocab = int(VOCAB * scale)
    rng = np.random.default_rng(4)
    odds, offsets = rng.standard_t(6, size=vocab), 2.5 * rng.normal(size=vocab)
    strengths = np.linspace(-5, 5, LONG_GRID)
    normaliser = np.array([np.logaddexp.reduce(offsets + a * odds) for a in strengths])

    def judge(start: int) -> None:
        columns = slice(start, min(start + BLOCK, vocab))
        values = offsets[columns] + strengths[:, None] * odds[columns] - normaliser[:, None]
        band = around(strengths, values, 1e-5)
        for shape in (shapes.rising, shapes.falling, shapes.bump):
            shape(band, "departing")
        shapes.fewest_turns(band)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = []
    for threads in (1, 2):
        wall, cpu = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(judge, range(0, vocab, BLOCK)))
        rows.append(f"| {threads} | {time.perf_counter() - wall:.1f} s | {time.process_time() - cpu:.1f} s |")
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    yield f"### Time: {vocab:,} tokens x {LONG_GRID:,} strengths"
    yield ""
    yield (
        "D-, D+ and witnesses from rising, falling and bump, and the fewest turns, of every token; the curves are made "
        f"block by block ({BLOCK} tokens), which is counted too. Goal: 10 s on two cores. Wall time depends on what "
        f"else the machine does (load average {os.getloadavg()[0]:.1f} at the start)."
    )
    yield ""
    yield "| threads | wall | processor |"
    yield "|---|---|---|"
    yield from rows
    yield ""
    table = vocab * LONG_GRID * 8 / 2**20
    yield f"Memory beyond what the process held before: {more:.0f} MB; the whole table would be {table:,.0f} MB."


SECTIONS: dict[str, Callable[[float], Iterator[str]]] = {
    "alarms": false_alarms,
    "directions": direction_alarms,
    "coverage": coverage,
    "power": power,
    "agreement": agreement,
    "timing": timing,
}


def _machine() -> str:
    software = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, {software}; load average {os.getloadavg()[0]:.1f} at the start."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparator", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of everything, nothing written")
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"some of {', '.join(SECTIONS)}")
    options = parser.parse_args()
    lines = ["Written by `python -m benchmarks.comparator`.", "", _machine()]
    print("\n".join(lines), flush=True)
    every = options.only == ",".join(SECTIONS)
    for name in options.only.split(","):
        start, section = time.perf_counter(), list[str]()
        for line in SECTIONS[name](0.1 if options.small else 1.0):
            section.append(line)
            print(line, flush=True)
        print(f"[{name}: {time.perf_counter() - start:.0f} s]", flush=True)
        lines += ["", *section]
        if not (options.small or every):
            write_section("The comparator", "\n".join(section))
    if every and not options.small:
        write_part("The comparator", "\n".join(lines))


if __name__ == "__main__":
    main()
