"""Benchmark of `choose --prompts`: `python -m benchmarks.text_choice` writes its section of RESULTS.md.

Does a new prompt stay within a budget of nats? The shipped model is run on every prompt at every strength of one grid,
next tokens by their exact divergence and texts by that of drawn ones; then, a thousand times, some prompts are dealt to
choose by and the others are new. *Conformal*: `choose --prompts`, by its own rank and its own count of prompts that
have spent the budget. *Fixed*: the strength at which the mean over the same prompts is the budget. *Half the norm*:
|alpha v| is half of the residual's norm at each new prompt's end. *Bisection*: on each new prompt's own divergence.
`--small` is a quick check, and is not written.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import log_softmax

from benchmarks.racing import machine, on_one_core
from benchmarks.results import write_section
from benchmarks.texts import LAYER, TITLE
from steerlaw.results.choosing.order_statistics import conformal_rank
from steerlaw.results.choosing.text_choose import crossed

CONCEPT, RISK, CHOOSING, ROUNDS = "uppercase", 0.1, 39, 1000
BEGINNING = 12
"""Tokens of a prompt."""
TEXT_TOKENS, TEXT_SAMPLES = 16, 2
BISECTIONS = 12
"""Passes that a bisection from a bracket takes to a hundredth, and to find the bracket."""

Nats = Float[np.ndarray, "prompts strengths"]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Nats of every prompt at every strength of a grid from 0 up; pushes are |alpha v|/|h| at strength 1."""

    nats: Nats
    strengths: Float[np.ndarray, " strengths"]
    pushes: Float[np.ndarray, " prompts"]

    def at(self, strengths: Float[np.ndarray, " prompts"]) -> Float[np.ndarray, " prompts"]:
        """Nats of each prompt at a strength of its own, between those of the grid by straight lines."""
        return np.array([np.interp(s, self.strengths, row) for s, row in zip(strengths, self.nats, strict=True)])


def prompts_of(model, count: int) -> list[list[int]]:
    """Beginnings of texts of all sorts that built no vector."""
    from toy_models import stdlib_gpt

    texts = []
    for concept in stdlib_gpt.CONCEPTS:
        for negatives in ("contrastive", "random"):
            positive, negative = stdlib_gpt.prompts(concept, "log_odds", negatives)
            texts += [*positive, *negative]
    distinct = list(dict.fromkeys(tuple(model.encode(text)[:BEGINNING]) for text in texts))
    random = np.random.default_rng(0).permutation(len(distinct))[:count]
    return [list(distinct[n]) for n in random]


def tables(count: int, small: bool) -> dict[str, Table]:
    """Of the next token, by exact divergences; and of texts, by those of drawn ones."""
    from real_models import difference_of_means, load_model, sample
    from steerlaw.results.choosing.choose import divergences
    from toy_models import stdlib_gpt

    model = load_model(stdlib_gpt.CHECKPOINT)
    vector = np.asarray(difference_of_means(model, *stdlib_gpt.prompts(CONCEPT, "vector")))[LAYER]
    prompts, where = prompts_of(model, count), {"layer": LAYER, "vector": vector}
    norms = [np.linalg.norm(np.asarray(model.residual(ids, LAYER))[-1]) for ids in prompts]
    pushes = np.linalg.norm(vector) / np.array(norms)
    fine, coarse = np.linspace(0, 4, 81), np.linspace(0, 1.0, 21)
    rows = [np.asarray(model.logits(ids, fine, **where), np.float64) for ids in prompts]
    one = np.stack([divergences(row, log_softmax(row[0])) for row in rows])
    tokens = 2 if small else TEXT_TOKENS
    texts = sample(model, prompts, coarse, **where, tokens=tokens, samples=TEXT_SAMPLES).nats.mean(axis=2)
    return {
        "next token, 0.5 nats": Table(nats=one / 0.5, strengths=fine, pushes=pushes),
        f"texts of {TEXT_TOKENS} tokens, 2 nats": Table(nats=texts / 2.0, strengths=coarse, pushes=pushes),
    }


def dealt(table: Table, rounds: int, choosing: int) -> dict[str, tuple[float, float, float]]:
    """Of each rule: the mean share of new prompts within the budget (1), the least of rounds, the median strength."""
    random, found = np.random.default_rng(1), {"conformal": [], "fixed": [], "half the norm": []}
    rank, count = conformal_rank(choosing, RISK), len(table.nats)
    for _ in range(rounds):
        order = random.permutation(count)
        chosen, new = (
            table.nats[order[:choosing]],
            Table(nats=table.nats[order[choosing:]], strengths=table.strengths, pushes=table.pushes[order[choosing:]]),
        )
        kept = crossed(chosen, 1.0) < rank
        conformal = table.strengths[kept][-1]
        mean = np.maximum.accumulate(chosen.mean(axis=0))
        fixed = float(np.interp(1.0, mean, table.strengths))
        for name, strengths in {
            "conformal": np.full(count - choosing, conformal),
            "fixed": np.full(count - choosing, fixed),
            "half the norm": np.minimum(0.5 / new.pushes, table.strengths[-1]),
        }.items():
            found[name].append(((new.at(strengths) <= 1).mean(), np.median(strengths)))
    shares = {name: np.array(rows) for name, rows in found.items()}
    return {
        name: (rows[:, 0].mean(), np.quantile(rows[:, 0], 0.05), rows[:, 1].mean()) for name, rows in shares.items()
    }


def lines(name: str, table: Table, rounds: int, choosing: int) -> list[str]:
    """The rules on one table; passes are of the model over a prompt at a strength."""
    passes = {"conformal": (choosing * len(table.strengths), 0), "fixed": (choosing * len(table.strengths), 0)}
    passes["half the norm"] = (0, 1)
    found = [
        f"| {name} | {rule} | {mean:.1%} | {low:.1%} | {strength:.3g} | {passes[rule][0]:,} | {passes[rule][1]} |"
        f" {'kept' if mean >= 1 - RISK else 'missed'} |"
        for rule, (mean, low, strength) in dealt(table, rounds, choosing).items()
    ]
    own = np.array([table.strengths[row <= 1][-1] for row in np.maximum.accumulate(table.nats, axis=1)])
    bisection = f"| {name} | bisection | 100% | 100% | {np.median(own):.3g} | 0 | {BISECTIONS} | kept |"
    return [*found, bisection]


def main() -> None:
    """Run the model once, deal the prompts, and write the section unless it is a quick check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    small = parser.parse_args().small
    (cores, load), began = on_one_core(), time.process_time()
    count, choosing = (24, 9) if small else (120, CHOOSING)
    found = tables(count, small)
    rows = [row for name, table in found.items() for row in lines(name, table, 20 if small else ROUNDS, choosing)]
    text = (
        "### A strength for new prompts\n\n"
        f"`python -m benchmarks.text_choice`, {time.process_time() - began:.0f} s of CPU. {machine(cores, load)}"
        f" {count} prompts of {BEGINNING} tokens, shipped model, block {LAYER}, towards {CONCEPT}; {choosing} choose,"
        f" the others are new, {ROUNDS:,} times, at a risk of {RISK:g}: a rule is kept where new prompts stay within"
        f" the budget in {1 - RISK:.0%} of cases or more.\n\n"
        "| budget | rule | within | in the worst 5% of rounds | median strength | passes to choose | for a new prompt |"
        " |\n|---|---|---|---|---|---|---|---|\n" + "\n".join(rows)
    )
    print(text)
    if not small:
        write_section(TITLE, text)


if __name__ == "__main__":
    main()
