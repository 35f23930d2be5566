"""What a plan would cost, from shapes alone: as one would do it by hand, and as it is done here.

By hand every strength is a run of the whole model, and texts are drawn at each. Here curves are read off few strengths,
the blocks before the steered one run once for all of them, and texts that were drawn at few strengths are reweighted to
the others, for which they are only read again. Multiplications of matrices are counted, two operations a weight and
token; so is attention. Both ways build the same vectors, once for all cells that share them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from numerics.observing.curves.saving import STORED
from numerics.observing.grids import parse, with_zero
from steerlaw.experiments.language import CALIBRATED, TEXT_BASELINE
from steerlaw.plans.cell import Planned
from steerlaw.plans.plan import Plan, Shape, Sizes
from steerlaw.plans.planned import planned_cells

EVALUATIONS = 64
"""Strengths at which a curve is evaluated before it is known at all: 40 to 60 on the shipped model."""
BY_HAND = 32
"""Texts that are drawn of a prompt at each strength, by hand: the paper's number."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Runs of the model, tokens in them, operations (in float64, and in drawing token by token, apart), bytes kept."""

    passes: float = 0.0
    tokens: float = 0.0
    flops: float = 0.0
    flops_float64: float = 0.0
    flops_drawing: float = 0.0
    bytes: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Cost)})


def total(costs: Iterable[Cost]) -> Cost:
    """The sum of costs."""
    return sum(costs, Cost())


def block_flops(shape: Shape, tokens: float, length: float) -> float:
    """Operations of one block on so many tokens of sequences of a length, half of which attention sees on average."""
    attended = shape.heads * shape.head_size
    weights = shape.width * (2 * attended + 2 * shape.kv_heads * shape.head_size + shape.mlps * shape.mlp)
    return tokens * (2 * weights + 4 * attended * length / 2)


def head_flops(shape: Shape, rows: float) -> float:
    """Operations of the unembedding on so many rows."""
    return 2 * rows * shape.width * shape.vocabulary


def vectors_cost(plan: Plan, cells: Iterable[Planned]) -> Cost:
    """Of the residuals that vectors are built from; each set of texts counts once."""
    costs, size = [], plan.sizes
    for model, _, _, _ in {(cell.model, cell.concept, cell.negatives, cell.seed) for cell in cells}:
        shape, texts = _shape(plan, model), 2 * size.texts
        tokens = texts * size.text_tokens
        flops = shape.blocks * block_flops(shape, tokens, size.text_tokens)
        costs.append(Cost(passes=texts, tokens=tokens, flops=flops, bytes=4 * shape.blocks * shape.width))
    return total(costs)


def cell_cost(plan: Plan, cell: Planned, *, by_hand: bool) -> Cost:
    """What a cell costs, its vector apart; a `ValueError` where the plan does not say what shape the model has."""
    shape = _shape(plan, cell.model)
    strengths = len(with_zero(parse(cell.strengths))[0])
    if cell.observe == "next-token":
        return _next_token(plan.sizes, shape, cell.layer, strengths, by_hand=by_hand)
    if cell.observe.endswith("cross-entropy"):
        heads = 2 if cell.observe == "self-cross-entropy" else 1
        return _cross_entropy(plan, shape, cell.layer, strengths, by_hand=by_hand, heads=heads)
    if cell.observe == "concept-probability":
        return _texts(plan, shape, cell.layer, strengths, by_hand=by_hand)
    return _ability(plan.sizes, shape, cell.layer, strengths, by_hand=by_hand)


def _next_token(size: Sizes, shape: Shape, layer: int, strengths: int, *, by_hand: bool) -> Cost:
    length, after = size.context_tokens, shape.blocks - 1 - layer
    runs = size.contexts * (strengths if by_hand else min(EVALUATIONS, strengths))
    common = 0.0 if by_hand else block_flops(shape, size.contexts * length, length) * (layer + 1)
    blocks = shape.blocks if by_hand else after
    once = shape.blocks * block_flops(shape, length, length) + head_flops(shape, 1)
    exact = 0.0 if by_hand else once * (3 * size.contexts + CALIBRATED)  # with a derivative each, twice a run
    table = 4 * size.contexts * strengths * shape.vocabulary
    unembedding = 4 * shape.width * shape.vocabulary
    kept = 4 * shape.width * runs + 24 * size.contexts * shape.vocabulary + unembedding * (unembedding <= STORED)
    return Cost(
        passes=runs,
        tokens=runs * length,
        flops=common + block_flops(shape, runs * length, length) * blocks + head_flops(shape, runs),
        flops_float64=exact,
        bytes=table if by_hand else kept,
    )


def _cross_entropy(plan: Plan, shape: Shape, layer: int, strengths: int, *, by_hand: bool, heads: int) -> Cost:
    """Of the tokens of text, or with two `heads` of the unsteered distributions, which are computed beside."""
    length, segments = plan.cross_entropy.tokens, plan.cross_entropy.segments
    tokens, after = segments * length, shape.blocks - 1 - layer
    blocks = shape.blocks if by_hand else after
    common = 0.0 if by_hand else block_flops(shape, tokens, length) * (layer + 1)
    laws = 8.0 * tokens * shape.vocabulary
    known = not by_hand and laws <= TEXT_BASELINE
    once = shape.blocks * block_flops(shape, tokens, length) + head_flops(shape, tokens)
    return Cost(
        passes=segments * strengths,
        tokens=tokens * strengths,
        flops=common + strengths * (blocks * block_flops(shape, tokens, length) + heads * head_flops(shape, tokens)),
        flops_float64=once if known else 0.0,
        bytes=8 * segments * strengths + (laws if known else 0.0),
    )


def _texts(plan: Plan, shape: Shape, layer: int, strengths: int, *, by_hand: bool) -> Cost:
    size, how = plan.sizes, plan.sampling
    length = size.context_tokens + how.tokens
    drawn = size.prompts * (BY_HAND * strengths if by_hand else how.samples)
    drawing = shape.blocks * block_flops(shape, drawn * length, length) + head_flops(shape, drawn * how.tokens)
    if by_hand:
        return Cost(passes=drawn, tokens=drawn * length, flops_drawing=drawing, bytes=4 * drawn * how.tokens)
    after, read = shape.blocks - 1 - layer, drawn * strengths
    again = after * block_flops(shape, read * length, length) + head_flops(shape, read * how.tokens)
    return Cost(
        passes=drawn + read,
        tokens=(drawn + read) * length,
        flops=again + block_flops(shape, drawn * length, length) * (layer + 1),
        flops_drawing=drawing,
        bytes=drawn * (28 * how.tokens + 16 * strengths),
    )


def _ability(size: Sizes, shape: Shape, layer: int, strengths: int, *, by_hand: bool) -> Cost:
    rows, length = size.questions * size.answers, size.question_tokens
    blocks = shape.blocks if by_hand else shape.blocks - 1 - layer
    common = 0.0 if by_hand else block_flops(shape, rows * length, length) * (layer + 1)
    once = blocks * block_flops(shape, rows * length, length) + head_flops(shape, rows)
    return Cost(
        passes=rows * strengths, tokens=rows * length * strengths, flops=common + strengths * once, bytes=64 * strengths
    )


def _shape(plan: Plan, model: str) -> Shape:
    shape = plan.models[model].shape
    if shape is None:
        raise ValueError(f"models.{model}: has no shape, from which costs are known; add one to the plan")
    return shape


def figure_costs(plan: Plan, *, by_hand: bool) -> dict[str, Cost]:
    """The cost of each figure's cells, each cell in the first figure that shows it; vectors under their own name."""
    cells, seen, costs = planned_cells(plan), set(), dict[str, Cost]()
    for cell in cells:
        key = tuple(value for name, value in vars(cell).items() if name not in ("figure", "block"))
        cost = Cost() if key in seen else cell_cost(plan, cell, by_hand=by_hand)
        costs[cell.figure] = costs.get(cell.figure, Cost()) + cost
        seen.add(key)
    return costs | {"vectors": vectors_cost(plan, cells)}
