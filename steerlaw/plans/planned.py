"""A plan's cells, in an order in which each model is loaded once."""

from collections.abc import Iterator, Mapping
from itertools import product

from steerlaw.plans.cell import Planned
from steerlaw.plans.plan import Figure, Plan


def planned_cells(plan: Plan) -> list[Planned]:
    """Every cell of every figure, as the plan lists them; a cell that two figures share is in it twice."""
    return [cell for figure in plan.figures for cell in _cells(plan, figure)]


def _cells(plan: Plan, figure: Figure) -> Iterator[Planned]:
    lists = (figure.concepts, figure.negatives, figure.seeds, figure.along)
    for model in figure.models:
        for (block, layer), (concept, negatives, seed, along) in product(_blocks(plan, figure, model), product(*lists)):
            yield Planned(
                figure=figure.figure,
                model=model,
                concept=concept,
                layer=layer,
                block=block,
                negatives=negatives,
                seed=seed,
                along=along,
                positions=figure.positions,
                unit=figure.unit,
                observe=figure.observe,
                strengths=figure.strengths,
            )


def _blocks(plan: Plan, figure: Figure, model: str) -> list[tuple[str, int]]:
    """The blocks of a figure's model: what each is called, and its number."""
    known, found = plan.models[model].blocks, []
    for block in figure.layers[model] if isinstance(figure.layers, Mapping) else figure.layers:
        layer = known.get(block) if isinstance(block, str) else block
        if layer is None:
            raise ValueError(
                f"figure {figure.figure}: {model} has no block {block!r}; name it in models.{model}.blocks"
            )
        shape = plan.models[model].shape
        if layer < 0 or (shape is not None and layer >= shape.blocks):
            most = "" if shape is None else f" to {shape.blocks - 1}"
            raise ValueError(f"figure {figure.figure}: block {layer} of {model}, expected a number from 0{most}")
        found.append((str(block), layer))
    return found
