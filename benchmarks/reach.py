"""README's figure and table of how far the laws hold on the shipped model: `python -m benchmarks.reach`.

The laws of the paper that say most, as `steerlaw verify` judges them: capitals, every block, beside a random direction,
65 strengths, default tolerances. Draws docs/horizons.svg, and prints the sentences of the middle block and a row a law.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

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
FIGURE = Path(__file__).parents[1] / "docs" / "horizons.svg"


def rows() -> list[HorizonRow]:
    """Every claim on the capitals' sweeps and on those along a random direction."""
    model, exact = (
        replace(load_model(stdlib_gpt.CHECKPOINT, dtype=dtype), name=NAME) for dtype in ("float32", "float64")
    )
    concept = replace(embedded_concept(model, CONCEPT), segments=None)
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
    print("\n".join(reach_lines(found)))
    controls = {(row.claim, row.layer, row.weighing): row for row in found if row.control == "random_direction"}
    for row in sorted(weakest_rows(middle(found)), key=named):
        beside = controls.get((row.claim, row.layer, row.weighing))
        cells = [named(row), row.claim, row.weighing, *map(_median, (row.push, row.nats, beside and beside.push))]
        print("| " + " | ".join(cells) + " |")


def _median(curve) -> str:
    return "" if curve is None else " to ".join(f"{end:.2g}" for end in sorted(set(curve.median())))


if __name__ == "__main__":
    main()
