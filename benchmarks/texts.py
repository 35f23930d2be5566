"""Benchmark of texts under steering: `python -m benchmarks.texts` writes its part of RESULTS.md.

Against transformers' own `generate` with a forward hook that steers each row at its own strength, on the shipped model:
64 texts of 48 tokens, temperature 1, in turns on one core (`benchmarks.racing`). A second line is ours with the exact
divergence of each token from the unsteered model, which runs beside it; the other has no such thing. `--small` draws 8
tokens, and is not written.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.racing import HEADER, Row, line, machine, on_one_core, race, timed
from benchmarks.results import write_section

TITLE = "Texts under steering"
BATCH, TOKENS, LAYER = 64, 48, 2
PEER = "transformers, generate with a hook"
GOAL = 2.0


def theirs(prompts: list[str], shift: np.ndarray, tokens: int) -> Callable:
    """Draw as many texts with transformers, `shift` added to each row's block output."""
    import torch
    import transformers

    from toy_models.stdlib_gpt import CHECKPOINT

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(CHECKPOINT, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(CHECKPOINT, padding_side="left", pad_token="<|endoftext|>")
    inputs, steered = tokenizer(prompts, return_tensors="pt", padding=True), torch.tensor(shift)[:, None]

    def hook(_module, _inputs, output):
        return (output[0] + steered, *output[1:]) if isinstance(output, tuple) else output + steered

    model.model.layers[LAYER].register_forward_hook(hook)
    how = {"do_sample": True, "top_k": 0, "top_p": 1.0, "temperature": 1.0}

    def generate():
        with torch.inference_mode():
            return model.generate(**inputs, **how, max_new_tokens=tokens, min_new_tokens=tokens, pad_token_id=0).numpy()

    return generate


def products(model, tokens: int) -> Callable:
    """The multiplications by weights alone, in the shapes of ours without divergences."""
    import jax
    import jax.numpy as jnp

    def one(weights, rows: int):
        names = [name for name in ("q", "k", "v", "o", "gate", "up", "down") if name in weights]
        sums = [jnp.sum(jnp.ones((rows, len(w))) @ w) for w in (weights[name]["weight"] for name in names)]
        return sum(sums, jnp.zeros(()))

    @jax.jit
    def step(params, scale):
        scaled = jax.tree.map(lambda w: w, params)
        total = jnp.zeros(())
        for weights in scaled["blocks"]:
            total += one(weights, BATCH)
        return total + jnp.sum(jnp.full((BATCH, model.d_model), scale) @ params["embed"].T)

    def run():
        return [step(model.params, float(t)) for t in range(tokens)]

    return run


def rows(tokens: int, rounds: int) -> list[Row]:
    """The lines of the table."""
    from real_models import load_model, sample
    from toy_models.stdlib_gpt import CHECKPOINT, contexts

    model = load_model(CHECKPOINT)
    prompts, strengths = contexts("uppercase")[0][:4], np.linspace(-1, 2, 4)
    vector = np.random.default_rng(0).normal(size=model.d_model)
    shift = np.tile(np.repeat(strengths, 4), 4)[:, None] * vector
    each = [text for text in prompts for _ in range(BATCH // 4)]
    where = {"layer": LAYER, "vector": vector, "tokens": tokens, "samples": BATCH // 16}
    peer, run, drawn = theirs(each, shift.astype(np.float32), tokens), products(model, tokens), BATCH * tokens
    run()
    found = []
    for divergences in (False, True):

        def ours(divergences: bool = divergences):
            asked = where | {"end_tokens": (), "batch": BATCH, "divergences": divergences}
            return sample(model, prompts, strengths, **asked).tokens

        times, alone = race(ours, peer, rounds), timed(run)
        remark = f"{drawn / times[0]:,.0f} tokens a second against {drawn / times[1]:,.0f}"
        if not divergences:
            remark += f"; multiplications by weights alone take {alone / times[0]:.0%} of ours"
        task = f"{BATCH} texts of {tokens} tokens, shipped model{', with divergences' if divergences else ''}"
        found.append(replace(line(task, PEER, times), goal=None if divergences else GOAL, remark=remark))
    return found


def main() -> None:
    """Race, and write the part unless it is a quick check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    small = parser.parse_args().small
    cores, load = on_one_core()
    found = rows(8 if small else TOKENS, 1 if small else 3)
    text = f"`python -m benchmarks.texts`. {machine(cores, load)}\n\n{HEADER}\n" + "\n".join(map(str, found))
    print(text)
    if not small:
        write_section(TITLE, f"### Tokens a second\n\n{text}")


if __name__ == "__main__":
    main()
