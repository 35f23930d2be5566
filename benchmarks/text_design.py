"""Benchmark of how many tokens a text curve takes: `python -m benchmarks.text_design` writes its section of RESULTS.md.

The reference draws 12 texts at each of 41 strengths and takes each strength by itself. Here the same strengths are read
off texts of few strengths, reweighted (`text_curve`). Both have simultaneous 95 % bands by the same code, that of the
direct design from weights that are 0 at all other strengths; it is drawn with 48 texts a strength, since 12 are too few
for a band of their own. Widths fall as the root of the number of texts, so the tokens that ours would take for the same
mean width are its own times the squared ratio of widths. `--small` is a quick check, and is not written.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.racing import machine, on_one_core
from benchmarks.results import write_section
from benchmarks.texts import LAYER, TITLE, TOKENS

STRENGTHS, EACH, REFERENCE = 41, 48, 12
SAMPLES = 96
END = {"uppercase": 0.4, "python_code": 0.4}
"""Strengths from minus to plus this: some 6 nats a text."""
GOAL = 5.0


@dataclass(frozen=True, kw_only=True)
class Found:
    """Mean widths of both bands, the share of strengths at which they meet, and tokens and seconds."""

    widths: tuple[float, float]
    tokens: tuple[int, int]
    seconds: tuple[float, float]
    meet: float
    sampled: int
    reliable: float

    @property
    def ratio(self) -> float:
        """How many times the tokens the direct design takes for a band as wide as ours."""
        return self.tokens[1] / (self.tokens[0] * (self.widths[0] / self.widths[1]) ** 2)


def direct(model, prompt, strengths, where, tokens: int, each: int):
    """The band of the direct design, its tokens, and its texts' scores."""
    from numerics.reweighting.curve import reweighted_curve
    from real_models import sample
    from real_models.scores.named import scored

    texts = sample(model, [prompt], strengths, **where, tokens=tokens, samples=each, divergences=False, seed=1)
    scores = scored("capitals", texts.texts.ravel())
    at = np.repeat(np.arange(len(strengths)), each)
    own = np.where(at[:, None] == np.arange(len(strengths)), 0.0, -np.inf)
    clusters = np.tile(np.arange(each), len(strengths))
    scores = np.nan_to_num(scores)  # a text without letters has no capitals
    return reweighted_curve(strengths, own, at, scores, clusters), int(texts.lengths.sum())


def compared(concept: str, small: bool) -> Found:
    """Both designs after the concept's first negative context."""
    from real_models import difference_of_means, load_model, text_curve
    from toy_models import stdlib_gpt

    model = load_model(stdlib_gpt.CHECKPOINT)
    vector = np.asarray(difference_of_means(model, *stdlib_gpt.prompts(concept, "vector")))[LAYER]
    prompt, where = stdlib_gpt.contexts(concept)[0][0], {"layer": LAYER, "vector": vector}
    tokens, strengths = 8 if small else TOKENS, np.linspace(-END[concept], END[concept], 5 if small else STRENGTHS)
    began = time.process_time()
    other, drawn = direct(model, prompt, strengths, where, tokens, EACH)
    between = time.process_time()
    curve = text_curve(model, [prompt], "capitals", strengths, **where, tokens=tokens, samples=SAMPLES)
    curve = curve.rescored(np.nan_to_num(curve.scores))
    ended = time.process_time()
    widths = (float((one.upper - one.lower).mean()) for one in (curve, other))
    meet = (curve.lower <= other.upper) & (other.lower <= curve.upper)
    return Found(
        widths=(next(widths), next(widths)),
        tokens=(int(curve.draws.lengths.sum()), drawn),
        seconds=(ended - between, between - began),
        meet=float(meet.mean()),
        sampled=len(curve.sampled_at),
        reliable=float(curve.reliable.mean()),
    )


def line(concept: str, found: Found) -> str:
    """A line of the table."""
    ours, theirs = found.tokens
    met = "met" if found.ratio >= GOAL else "missed"
    return (
        f"| {concept} | {ours:,} at {found.sampled} | {theirs:,} at {STRENGTHS} | {found.widths[0]:.3f} |"
        f" {found.widths[1]:.3f} | {found.ratio:.1f}x | {GOAL:g}x | {met} | {found.seconds[0]:.0f} s |"
        f" {found.seconds[1]:.0f} s | {found.meet:.0%} | {found.reliable:.0%} |"
    )


def main() -> None:
    """Draw both, and write the section unless it is a quick check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    small = parser.parse_args().small
    cores, load = on_one_core()
    rows = [line(concept, compared(concept, small)) for concept in END]
    text = (
        "### Tokens that a text curve takes\n\n"
        f"`python -m benchmarks.text_design`. {machine(cores, load)} The share of capitals in texts of {TOKENS} tokens"
        f" after one prompt, shipped model, block {LAYER}: `text_curve` against each strength by itself, as the"
        f" reference does with {REFERENCE} texts each (here {EACH}; the ratio is of tokens at equal mean width of the"
        " simultaneous bands, which does not depend on that).\n\n"
        "| steered towards | our tokens, strengths | direct | our width | direct | fewer tokens | goal | | ours, CPU |"
        " direct, CPU | bands meet | reliable |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n" + "\n".join(rows)
    )
    print(text)
    if not small:
        write_section(TITLE, text)


if __name__ == "__main__":
    main()
