"""Benchmarks of curves: `python -m benchmarks.curves` writes its part of RESULTS.md.

The paper's grid of 1,025 strengths on the shipped model, T = 128, every position steered, log-probabilities to 1e-4:
a curve, and the whole table off it, against transformers and torch with a forward hook, batches of 64 strengths, logits
at all positions (64 strengths are timed, and taken 1,025/64 times); both on one thread, in turns on one core.
`--rounds 1` is a quick look.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.racing import HEADER, Row, line, machine, on_one_core, race
from benchmarks.results import write_part

if TYPE_CHECKING:
    from real_models import LanguageModel

LENGTH, STRENGTHS, BATCH = 128, 1025, 64
CLOSE = 1e-4
FILE = {"d": 4096, "vocab": 151_936, "nodes": 129}
"""Of a large model: what a curve of one context and a table of it hold."""


def reference(model: Any, tokens: np.ndarray, strengths: np.ndarray, layer: int, vector: np.ndarray) -> np.ndarray:
    """Next-token logits `[strengths, vocab]`, one batch of as many prompts, after logits at all positions."""
    import torch

    shift = torch.tensor(np.outer(strengths, vector)[:, None], dtype=torch.float32)

    def hook(_module, _inputs, output):
        return (output[0] + shift, *output[1:]) if isinstance(output, tuple) else output + shift

    handle = model.base_model.layers[layer].register_forward_hook(hook)
    try:
        with torch.inference_mode():
            ids = torch.tensor(np.tile(tokens, (len(strengths), 1)))
            return model(input_ids=ids, use_cache=False).logits[:, -1].numpy()
    finally:
        handle.remove()


def flops(model: "LanguageModel", layer: int, nodes: int) -> tuple[float, float, float]:
    """Multiplications by weights: of the reference on all strengths, of a curve, and of the table off it."""
    size = lambda tree: sum(w.size for kind in tree.values() if isinstance(kind, dict) for w in kind.values())  # noqa: E731
    blocks, (vocab, d) = [float(size(block)) for block in model.params["blocks"]], (model.vocab_size, model.d_model)
    before, after = sum(blocks[: layer + 1]), sum(blocks[layer + 1 :])
    theirs = STRENGTHS * LENGTH * (sum(blocks) + vocab * d)
    return theirs, LENGTH * (before + nodes * after), float(STRENGTHS * vocab * d)


def rows(rounds: int) -> Iterator[Row]:
    """The lines of the table; torch is imported here, once the core is chosen."""
    import torch
    import transformers
    from scipy.special import log_softmax

    from numerics.observing.curves.build import steered_curve
    from real_models import difference_of_means, load_model
    from toy_models import stdlib_gpt

    torch.set_num_threads(1)
    model = load_model(stdlib_gpt.CHECKPOINT)
    peer = transformers.AutoModelForCausalLM.from_pretrained(stdlib_gpt.CHECKPOINT, dtype=torch.float32).eval()
    concept = next(iter(stdlib_gpt.CONCEPTS))
    vectors = np.asarray(difference_of_means(model, *stdlib_gpt.prompts(concept, "vector")))
    tokens = np.random.default_rng(0).integers(0, model.vocab_size, LENGTH)
    for layer, vector in enumerate(vectors):
        where = {"layer": layer, "vector": vector}
        curve = steered_curve(model, tokens.tolist(), tolerance=CLOSE, **where)
        grid = np.linspace(*curve.window, STRENGTHS)
        some = grid[:: STRENGTHS // BATCH][:BATCH]

        def ours(where=where):
            return steered_curve(model, tokens.tolist(), tolerance=CLOSE, **where)

        def whole(grid=grid, ours=ours):
            return ours().log_probs(grid)

        def theirs(some=some, where=where):
            return reference(peer, tokens, some, **where)

        expected = log_softmax(theirs().astype(np.float64), axis=1)
        off = np.abs(curve.log_probs(some) - expected).max()
        asked, alone, table = flops(model, layer, curve.evaluations)
        for name, contender, spent in (("the curve", ours, alone), ("the curve and the table", whole, alone + table)):
            found = line(
                f"shipped model, block {layer}, T = {LENGTH}, {STRENGTHS:,} strengths: {name}",
                f"torch, forward hook, batches of {BATCH}",
                race(contender, theirs, rounds, scale=STRENGTHS / BATCH),
            )
            bound = asked / spent
            remark = f"{curve.evaluations} evaluations, error {curve.error:.1g}, off by {off:.1g}; "
            yield replace(found, goal=0.7 * bound, remark=f"{remark}{bound:.3g}x fewer multiplications")


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
        "Written by `python -m benchmarks.curves`. The shipped model, float32, one thread each; medians over rounds."
        f" The window is 8 residual norms either way; the reference is timed on {BATCH} of the {STRENGTHS:,} strengths."
        " The goal is 0.7 of the ratio of multiplications.",
        "",
        machine(cores, load),
        "",
        HEADER,
    ]
    print("\n".join(lines), flush=True)
    for row in rows(options.rounds):
        lines.append(str(row))
        print(lines[-1], flush=True)
    lines += ["", file_size()]
    print(lines[-1])
    write_part("Curves", "\n".join(lines))


if __name__ == "__main__":
    main()
