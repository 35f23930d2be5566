"""Benchmarks of steered sweeps: `python -m benchmarks.sweeps` writes its part of RESULTS.md.

Against transformers and torch with a forward hook, a full forward a strength, logits at all positions; both on one
thread, in turns on one core (`benchmarks.racing`). `--small` is a quick check on an eighth of the vocabulary and of the
strengths, not written.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np

from benchmarks.case import STEERED, Case
from benchmarks.racing import HEADER, Row, line, machine, on_one_core, race
from benchmarks.results import write_part
from benchmarks.work import of_a_sweep, of_the_reference

if TYPE_CHECKING:
    from real_models import LanguageModel
    from real_models.steering.inputs import Positions

PEER = "torch, forward hook"
NOTES = """The goal of a sweep is how many times fewer operations its products take than the reference's. What the
products alone would reach is the ratio if nothing took time but the multiplications by weights, in the same shapes (in
turns with ours in the same run), and the reference took as long as it does. It depends on how much the reference loses
in small products, of 24 or 32 positions at a time, which differs from core to core."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Swept(Case):
    """And what is swept."""

    strengths: np.ndarray
    rounds: int


def rows(small: bool, rounds: int) -> Iterator[Row]:
    """The lines of the table; torch is imported here, once the core is chosen."""
    import torch

    from benchmarks.hooks import GPT2_SMALL, QWEN3_STYLE, both

    torch.set_num_threads(1)

    def case(name: str, shape: tuple[str, dict], layer: int) -> Swept:
        model, hooked = both(shape, layer, vocab_share=8 if small else 1)
        name = f"{name}, block {layer}"
        return Swept(
            name=name, model=model, hooked=hooked, strengths=np.linspace(-5, 5, 8 if small else 64), rounds=rounds
        )

    gpt2 = case("GPT-2-small shape", GPT2_SMALL, 6)
    yield next_token(gpt2, 24, "all")
    yield derivative(gpt2, 24)
    yield cross_entropy(gpt2)
    del gpt2
    qwen3 = case("Qwen 3 shape, 12 x 256, V = 32,000", QWEN3_STYLE, 5)
    yield next_token(qwen3, 32, "all")
    yield next_token(qwen3, 32, "last")
    yield derivative(qwen3, 32)
    yield cross_entropy(qwen3)


def products(model: "LanguageModel", layer: int, length: int, rows: int, positions: "Positions") -> Callable:
    """What a sweep multiplies by weights, in the same shapes, and hardly anything else.

    Blocks up to the steered one for one row; after it every position of every row, but of the last block only keys and
    values; or where the last position alone is steered, one position of every row, and the others once.
    """
    import jax
    import jax.numpy as jnp

    from real_models.decoding.decoder import unembedding

    blocks, table = model.params["blocks"], unembedding(model.spec, model.params)

    @jax.jit
    def keys_values(weights, x):
        return x @ weights["k"]["weight"] + x @ weights["v"]["weight"]

    @jax.jit
    def block(weights, x):
        q, kv = x @ weights["q"]["weight"], keys_values(weights, x)
        y = jnp.concatenate([q[:, : kv.shape[1]] + kv, q[:, kv.shape[1] :]], axis=1) @ weights["o"]["weight"]
        hidden = sum(y @ weights[name]["weight"] for name in ("gate", "up") if name in weights)
        return hidden @ weights["down"]["weight"]

    unembed = jax.jit(lambda x: x @ table.T)
    before, after, last = blocks[: layer + 1], blocks[layer + 1 : -1], blocks[-1]
    one, ends, every = (jnp.ones((n, model.spec.d_model), table.dtype) for n in (length, rows, rows * length))

    def through(some: list, x):
        for weights in some:
            x = block(weights, x)
        return x

    def run() -> list:
        with jax.default_matmul_precision("highest"):
            if positions == "last":
                done = [keys_values(last, through([*before, *after], one)), through([*after, last], ends)]
            else:
                done = [through(before, one), keys_values(last, through(after, every)), block(last, ends)]
            return [*done, unembed(done[-1])]

    return run


def next_token(case: Swept, length: int, positions: "Positions") -> Row:
    prompt = case.tokens(length)
    ours = lambda: case.model.logits(prompt, case.strengths, positions=positions, **case.where)  # noqa: E731
    theirs = lambda: case.hooked.logits(prompt, case.strengths, positions)  # noqa: E731
    task = f"{case.name}: T = {length}, {len(case.strengths)} strengths, {STEERED[positions]}"
    row = line(task, PEER, race(ours, theirs, case.rounds))
    alone = products(case.model, case.hooked.layer, length, len(case.strengths), positions)
    bound = row.ratio * race(alone, ours, case.rounds)[2]
    spec, strengths = case.model.spec, len(case.strengths)
    fewer = of_the_reference(spec, length, strengths)
    fewer /= of_a_sweep(spec, case.hooked.layer, length, strengths, positions)
    remark = f"{difference(ours, theirs)}; the products alone would reach {bound:.3g}x"
    return replace(row, goal=fewer, remark=remark)


def derivative(case: Swept, length: int, h: float = 0.02) -> Row:
    prompt = case.tokens(length)
    plain = lambda shift=0.0: case.model.logits(prompt, case.strengths + shift, **case.where)  # noqa: E731
    ours = lambda: case.model.derivative(prompt, case.strengths, **case.where)  # noqa: E731
    slope = lambda: (plain(h) - plain(-h)) / (2 * h)  # noqa: E731
    mine, theirs, ratio = race(ours, plain, case.rounds)
    task = f"{case.name}: exact derivative, T = {length}, {len(case.strengths)} strengths"
    row = line(task, "our plain sweep", (mine, theirs, 1 / ratio))
    return replace(row, goal=2.1, cost=True, remark=f"central differences: {difference(ours, slope)}")


def cross_entropy(case: Swept, blocks: int = 8, length: int = 64) -> Row:
    text, strengths = case.tokens(blocks, length), case.strengths[:: len(case.strengths) // 4]
    ours = lambda: case.model.cross_entropy(text, strengths, **case.where)  # noqa: E731
    theirs = lambda: case.hooked.cross_entropy(text, strengths)  # noqa: E731
    task = f"{case.name}: cross-entropy, {blocks} blocks of {length}, {len(strengths)} strengths"
    row = line(task, PEER, race(ours, theirs, max(2, case.rounds // 2)))
    table = 4 * blocks * (length - 1) * case.model.vocab_size
    remark = f"{difference(ours, theirs)}; one table [positions, vocab] is {table / 1e6:.0f} MB: our loss takes"
    remark += f" {scratch(ours) / 1e6:.0f} MB beside its arguments, the reference {growth(theirs) / 1e6:.0f} MB"
    return replace(row, goal=1.4, remark=remark)


def difference(ours: Callable, theirs: Callable) -> str:
    """How far the two are apart."""
    expected = np.asarray(theirs())
    off, scale = np.abs(np.asarray(ours()) - expected).max(), np.abs(expected).max()
    return f"they differ by {off:.1g} of {scale:.2g}"


def scratch(ours: Callable) -> int:
    """Bytes of temporaries, as XLA plans them, of the compiled function that unembeds and takes the loss."""
    from real_models.steering import cross_entropy

    compiled, sizes = cross_entropy.mean_loss, [0]

    def watched(*arguments):
        plan = compiled.lower(*arguments).compile().memory_analysis()
        assert plan is not None, "this backend does not say what memory it plans"
        sizes.append(plan.temp_size_in_bytes)
        return compiled(*arguments)

    with patch.object(cross_entropy, "mean_loss", watched):
        ours()
    return max(sizes)


def growth(theirs: Callable) -> int:
    """Bytes by which the process grows, at most, while torch runs, which gives back what it frees (Linux)."""
    status = Path("/proc/self/status")
    resident = lambda name: 1024 * int(status.read_text().split(f"{name}:")[1].split()[0])  # noqa: E731
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = resident("VmRSS")
    theirs()
    return resident("VmHWM") - before


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweeps", description=__doc__)
    parser.add_argument("--small", action="store_true", help="an eighth of everything, two rounds, nothing written")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    cores, load = on_one_core()
    lines = [
        "Written by `python -m benchmarks.sweeps`. Random checkpoints, float32, one thread each; medians over rounds."
        " The reference is transformers and torch: a forward hook, a full forward a strength, logits at all positions.",
        "",
        machine(cores, load),
        "",
        HEADER,
    ]
    print("\n".join(lines), flush=True)
    for row in rows(options.small, 2 if options.small else options.rounds):
        lines.append(str(row))
        print(lines[-1], flush=True)
    lines += ["", NOTES]
    print("\n".join(lines[-2:]))
    if not options.small:
        write_part("Steered sweeps", "\n".join(lines))


if __name__ == "__main__":
    main()
