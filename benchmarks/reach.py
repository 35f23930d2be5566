"""README's figure and table of how far the laws hold on the shipped model: `python -m benchmarks.reach`.

The laws of the paper that say most, as `steerlaw verify` judges them: capitals, every block, beside a random direction,
65 strengths, default tolerances. Draws docs/horizons.svg, and writes the sentences of the middle block and a row a law
into RESULTS.md, where a test holds README's caption against them.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.results import write_section
from real_models import load_model
from steerlaw.experiments.embedded import NAME, embedded_concept
from steerlaw.experiments.experiment import Grid, observe_next, shared_curves, with_controls
from steerlaw.experiments.language import language_experiments
from steerlaw.rendering.figures.survival import survival_drawings
from steerlaw.rendering.table import reach_lines
from steerlaw.results.judging import judged
from steerlaw.results.reaching.answers import LAWS, middle, named, weakest_rows
from steerlaw.results.reaching.rows import HorizonRow, horizon_rows
from theory.catalogue import find_law
from toy_models import stdlib_gpt

CONCEPT = "uppercase"
SECTION = """### README's figure

`python -m benchmarks.reach`: capitals, 32 contexts, 65 strengths, default tolerances, the middle
block. The figure has every block.

{sentences}

Medians over curves, in norms of the residual and in nats; "inf": most hold as far as was steered.

| law | claim | weighed by | push | nats | push, along a random direction |
|---|---|---|---|---|---|
{rows}
"""
FIGURE = Path(__file__).parents[1] / "docs" / "horizons.svg"


def rows() -> list[HorizonRow]:
    """Every claim on the capitals' sweeps and on those along a random direction."""
    model, exact = (
        replace(load_model(stdlib_gpt.CHECKPOINT, dtype=dtype), name=NAME) for dtype in ("float32", "float64")
    )
    concept = replace(embedded_concept(model, CONCEPT, further=True), segments=None)
    found = []
    for number, experiment in enumerate(language_experiments(model, exact, concept, Grid(count=65))):
        if experiment.subject.control is not None:
            continue
        variants = [one for one in with_controls(experiment, number) if one.subject.control != "permuted_log_odds"]
        curves = shared_curves(variants)
        for variant in variants:
            observation = observe_next(variant, curves=partial(curves, variant))
            found += horizon_rows(judged(observation, map(find_law, LAWS), None))
            print(f"{variant.subject.name}, block {variant.subject.layer}, {variant.subject.control}", flush=True)
    return found


def main() -> None:
    found = rows()
    (drawing,) = survival_drawings(found)
    drawn = drawing.draw(drawing.name)
    assert drawn is not None
    drawn.write(FIGURE.parent)
    (FIGURE.parent / f"{drawn.name}.svg").replace(FIGURE)
    text = SECTION.format(
        sentences="\n".join(f"- {line}" for line in reach_lines(found)), rows="\n".join(_table(found))
    )
    write_section("How far the laws hold", text)
    print(text)


def _table(found: list[HorizonRow]) -> list[str]:
    controls = {(row.claim, row.layer, row.weighing): row for row in found if row.control == "random_direction"}
    lines = []
    for row in sorted(weakest_rows(middle(found)), key=named):
        beside = controls.get((row.claim, row.layer, row.weighing))
        cells = [named(row), row.claim, row.weighing, *map(_median, (row.push, row.nats, beside and beside.push))]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _median(curve) -> str:
    return "" if curve is None else " to ".join(f"{end:.2g}" for end in sorted(set(curve.median())))


if __name__ == "__main__":
    main()
