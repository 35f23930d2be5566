"""Benchmarks of steered sweeps on an accelerator: `python -m benchmarks.accelerator` writes its part of RESULTS.md.

A random checkpoint of the shape of Llama 3.2 1B. In float32 both sides' logits are compared; in bfloat16 they are
timed, in turns on the same card, against transformers and torch with a forward hook, a full forward a strength.
`--small` is a check at a sixteenth of the width, anywhere, not written.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.case import STEERED
from benchmarks.racing import HEADER, Row, line, machine, race, timed
from benchmarks.results import write_part
from benchmarks.work import of_a_sweep

if TYPE_CHECKING:
    from benchmarks.hooks import Hooked
    from real_models import LanguageModel
    from real_models.steering.inputs import Positions

PEER = "torch, forward hook"
LAYER, LENGTH, STRENGTHS = 7, 128, 256
CHECKED = 8
"""Strengths at which both sides run in float32."""
SMALL = {"hidden_size": 128, "intermediate_size": 512, "num_attention_heads": 2, "num_key_value_heads": 1}
SMALL |= {"vocab_size": 8016}


def rows(small: bool, rounds: int) -> Iterator[Row]:
    """The lines of the table: agreement in float32, then speed in bfloat16, each for all positions and for the last."""
    import torch

    from benchmarks.hooks import LLAMA_1B, both

    device = "cuda" if torch.cuda.is_available() else "cpu"
    name, sizes = LLAMA_1B
    shape = name, sizes | (SMALL if small else {})
    strengths = np.linspace(-5, 5, 16 if small else STRENGTHS)
    for dtype, chosen in (("float32", strengths[:: len(strengths) // CHECKED]), ("bfloat16", strengths)):
        model, hooked = both(shape, LAYER, dtype=dtype, device=device)
        yield sweep(model, hooked, chosen, "all", rounds, 512 if small else 8192)
        yield sweep(model, hooked, chosen, "last", rounds, 512 if small else 8192)
        del model, hooked


def large_product(side: int, dtype: str, rounds: int = 9) -> float:
    """Operations per second of one large product of random numbers."""
    import jax

    factor = jax.random.normal(jax.random.key(0), (side, side), dtype)
    with jax.default_matmul_precision("highest"):
        product = jax.jit(lambda a: a @ a)
        return 2 * side**3 / min(timed(lambda: product(factor)) for _ in range(rounds))


def sweep(
    model: "LanguageModel", hooked: "Hooked", strengths: np.ndarray, positions: "Positions", rounds: int, side: int
) -> Row:
    """Tokens a second, and the share of the rate of a large product in the same dtype on the same card."""
    from benchmarks.sweeps import difference

    prompt = np.random.default_rng(1).integers(0, model.vocab_size, LENGTH)
    ours = lambda: model.logits(prompt, strengths, layer=LAYER, vector=hooked.vector, positions=positions)  # noqa: E731
    theirs = lambda: hooked.logits(prompt, strengths, positions)  # noqa: E731
    task = f"{model.dtype}, T = {LENGTH}, {len(strengths)} strengths, {STEERED[positions]}"
    row = line(task, PEER, race(ours, theirs, rounds))
    work = of_a_sweep(model.spec, LAYER, LENGTH, len(strengths), positions)
    share = work / row.ours / large_product(side, model.dtype)
    remark = f"{difference(ours, theirs)}; {len(strengths) * LENGTH / row.ours:,.0f} tokens a second"
    return replace(row, remark=f"{remark}, {work / row.ours / 1e12:.3g} TFLOP/s: {share:.0%} of a large product's")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accelerator", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a sixteenth of the width, two rounds, nothing written")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # the peer needs room on the same card
    lines = [
        "Written by `python -m benchmarks.accelerator`. A random checkpoint of the shape of Llama 3.2 1B; medians over"
        " rounds. The reference is transformers and torch: a forward hook, a full forward a strength, logits at all"
        " positions.",
        "",
        card(),
        "",
        HEADER,
    ]
    print("\n".join(lines), flush=True)
    for row in rows(options.small, 2 if options.small else options.rounds):
        lines.append(str(row))
        print(lines[-1], flush=True)
    if not options.small:
        write_part("Steered sweeps on an accelerator", "\n".join(lines))


def card() -> str:
    """The machine in one line, its accelerator first."""
    import jax

    return f"{jax.devices()[0].device_kind}. {machine(os.cpu_count(), os.getloadavg()[0], one=False)}"


if __name__ == "__main__":
    main()
