"""Benchmarks of curves: `python -m benchmarks.curves` writes its part of RESULTS.md.

The paper's grid of 1,025 strengths, T = 128, log-probabilities to 1e-4: a curve, and the whole table off it, against
transformers and torch with a forward hook, batches of 64 strengths, logits at all positions; and the cross-entropy of
64 segments of 128 at 129 strengths, nearer by. Some strengths of the reference are timed, its time taken as many times
as the grid has more; both on one thread, in turns on one core. `--rounds 1` is a quick look. RESULTS.md has every row
as soon as it is known.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.case import STEERED, Case
from benchmarks.racing import HEADER, Row, line, machine, on_one_core, race, races
from benchmarks.results import write_part
from benchmarks.work import of_a_sweep, of_the_reference, of_unembedding

if TYPE_CHECKING:
    from real_models.steering.inputs import Positions

LENGTH, STRENGTHS, BATCH = 128, 1025, 64
CLOSE = 1e-4
SEGMENTS, COARSE = 64, 129
PUSH, NATS = 2.0, 1e-3
"""Of cross-entropies: the window, and how closely they are asked for."""
FILE = {"d": 4096, "vocab": 151_936, "nodes": 129}
"""Of a large model: what a curve of one context and a table of it hold."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batched(Case):
    """The reference runs `batch` strengths at once."""

    batch: int


def cases() -> Iterator[Batched]:
    """Early and middle blocks, and of the small model all; torch is imported here, once the core is chosen."""
    import torch
    import transformers

    from benchmarks.hooks import GPT2_SMALL, QWEN3_STYLE, Hooked, both
    from real_models import difference_of_means, load_model
    from toy_models import stdlib_gpt

    torch.set_num_threads(1)
    model = load_model(stdlib_gpt.CHECKPOINT)
    peer = transformers.AutoModelForCausalLM.from_pretrained(stdlib_gpt.CHECKPOINT, dtype=torch.float32).eval()
    concept = next(iter(stdlib_gpt.CONCEPTS))
    for layer, vector in enumerate(np.asarray(difference_of_means(model, *stdlib_gpt.prompts(concept, "vector")))):
        hooked = Hooked(model=peer, layer=layer, vector=vector)
        yield Batched(name="shipped model", model=model, hooked=hooked, batch=BATCH)
    del model, peer
    for name, shape, batch in (("Qwen 3 shape", QWEN3_STYLE, BATCH), ("GPT-2-small shape", GPT2_SMALL, BATCH // 4)):
        model, hooked = both(shape, 0)
        for layer in (0, model.spec.n_layers // 2):
            yield Batched(name=name, model=model, hooked=replace(hooked, layer=layer), batch=batch)
        del model, hooked


def next_token(case: Batched, positions: "Positions", rounds: int) -> Iterator[Row]:
    """The curve alone, and with the whole table."""
    from scipy.special import log_softmax

    from numerics.observing.curves.build import steered_curve

    tokens = case.tokens(LENGTH)

    def ours():
        return steered_curve(case.model, tokens.tolist(), positions=positions, tolerance=CLOSE, **case.where)

    def table():
        return ours().log_probs(grid)

    def theirs():
        seen.append(case.hooked.logits_of_a_batch(tokens, some, positions))

    curve, seen = ours(), list[np.ndarray]()
    grid = np.linspace(*curve.window, STRENGTHS)
    some = grid[:: STRENGTHS // case.batch][: case.batch]
    spec = case.model.spec
    asked = of_the_reference(spec, LENGTH, STRENGTHS)
    alone = of_a_sweep(spec, case.hooked.layer, LENGTH, curve.evaluations, positions)
    spent = alone, alone + of_unembedding(spec, STRENGTHS)
    times = races([ours, table], theirs, rounds, scale=STRENGTHS / case.batch)
    off = np.abs(curve.log_probs(some) - log_softmax(seen[-1].astype(np.float64), axis=1)).max()
    task = f"{case.name}, block {case.hooked.layer}, T = {LENGTH}, {STRENGTHS:,} strengths, {STEERED[positions]}"
    for name, took, operations in zip(("the curve", "the curve and the table"), times, spent, strict=True):
        row, fewer = line(f"{task}: {name}", f"torch, forward hook, batches of {case.batch}", took), asked / operations
        remark = f"{curve.evaluations} evaluations, error {curve.error:.1g}, off by {off:.1g}; "
        yield replace(row, goal=0.7 * fewer, remark=f"{remark}{fewer:.3g}x fewer operations")


def cross_entropy(case: Case) -> Row:
    """The loss of every segment at every strength, off a curve, as far out as people steer; once each."""
    from numerics.observing.curves.texts import CrossEntropyCurve, cross_entropy_curve

    segments, found, seen = case.tokens(SEGMENTS, LENGTH), list[CrossEntropyCurve](), list[np.ndarray]()

    def ours():
        found.append(cross_entropy_curve(case.model, segments, window=PUSH, tolerance=NATS, **case.where))
        return found[-1].losses(np.linspace(*found[-1].window, COARSE))

    def theirs():
        seen.append(case.hooked.cross_entropy(segments, some))

    norm = cross_entropy_curve(case.model, segments[:1], window=PUSH, tolerance=1.0, **case.where).window[1]
    some = np.linspace(-0.5 * norm, 0.5 * norm, 3)
    times = race(ours, theirs, 1, scale=COARSE / len(some))
    off = np.abs(found[-1].losses(some) - seen[-1]).max()
    task = f"{case.name}, block {case.hooked.layer}: cross-entropy, {SEGMENTS} segments of {LENGTH}, {COARSE} strengths"
    row = line(f"{task}, to {NATS:g} nats, {PUSH:g} norms", f"torch, forward hook, batches of {SEGMENTS}", times)
    remark = f"{found[-1].evaluations} evaluations, error {found[-1].error:.1g}, off by {off:.1g}"
    return replace(row, goal=6.0, remark=remark)


def rows(rounds: int) -> Iterator[Row]:
    """The lines of the table."""
    losses = []
    for case in cases():
        for positions in ("all", "last"):
            yield from next_token(case, positions, rounds)
        if case.name == "shipped model":
            losses.append(case)
    yield from map(cross_entropy, reversed(losses))  # the quick ones first


def file_size() -> str:
    """A curve's file beside the table that it stands for."""
    import xarray as xr

    from numerics.observing.curves.angle import AngleMap
    from numerics.observing.curves.curve import SteeredCurve
    from numerics.observing.curves.head import Head
    from numerics.observing.curves.pieces import Piece
    from numerics.observing.curves.saving import curves_dataset
    from numerics.observing.sweep import Sweep

    values = np.random.default_rng(0).normal(size=(FILE["nodes"], FILE["d"])).astype(np.float32)
    curve = SteeredCurve(
        map=AngleMap(middle=0.0, spread=1.0),
        pieces=(Piece(low=-1.0, high=1.0, values=values, error=1e-5, resolved=True),),
        head=Head(size=FILE["vocab"]),
        window=(-1.5, 1.5),
        evaluations=FILE["nodes"],
        rounding=1e-6,
        tolerance=1e-4,
    )
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "s.nc"
        strengths = xr.Dataset(coords={"strength": np.linspace(-1.5, 1.5, STRENGTHS)})
        Sweep(data=strengths, nodes=curves_dataset([curve])).write(path)
        held, table = path.stat().st_size, 4 * STRENGTHS * FILE["vocab"]
    met = "met" if table >= 300 * held else "missed"
    return (
        f"A sweep file of one context, d = {FILE['d']:,}, {FILE['nodes']} nodes, without tables and what was known"
        f" before: {held / 1e6:.2f} MB. The table in float32, V = {FILE['vocab']:,}, {STRENGTHS:,} strengths:"
        f" {table / 1e6:.0f} MB, {table / held:.0f} times as much (goal: 300, {met})."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curves", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    cores, load = on_one_core()
    lines = [
        "Written by `python -m benchmarks.curves`. Float32, one thread each; medians over rounds. Log-probabilities and"
        f" losses are asked for to {CLOSE:g}, in a window of 8 residual norms either way; the reference is timed on one"
        " batch of the strengths. The goal is 0.7 of the ratio of operations in products, attention's among them. The"
        " shipped model is trained, the others' weights are random.",
        "",
        machine(cores, load),
        "",
        HEADER,
    ]
    print("\n".join(lines), flush=True)
    head, size = "\n".join(lines), file_size()
    for row in rows(options.rounds):
        print(row, flush=True)
        head += f"\n{row}"
        write_part("Curves", f"{head}\n\n{size}")


if __name__ == "__main__":
    main()
