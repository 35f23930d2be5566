"""What a plan costs: shapes are the models' own, operations as counted by hand, and nothing counts twice."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steerlaw.plans.costs import Cost, block_flops, cell_cost, figure_costs, head_flops, total
from steerlaw.plans.gpus import GPUS, gpu_named, hours
from steerlaw.plans.plan import Shape, read_plan
from steerlaw.plans.planned import planned_cells
from steerlaw.plans.sources import plan_file

PARAMETERS = {
    "gpt2": (124_439_808, 1, 1024),
    "gpt2-large": (774_030_080, 1, 1024),
    "gpt2-xl": (1_557_611_200, 1, 1024),
    "gemma-3-1b-it": (999_885_952, 1, 0),
    "Qwen3-0.6B": (596_049_920, 1, 0),
    "Qwen3-4B": (4_022_468_096, 1, 0),
    "Qwen3-8B": (8_190_735_360, 2, 0),
    "Llama-2-7b": (6_738_415_616, 2, 0),
    "Mistral-7B": (7_248_023_552, 2, 0),
}
"""As their makers count them; with how many tables of the vocabulary, and how many learned positions."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_shapes_have_the_published_numbers_of_parameters(name):
    """Gains and biases, which no product of matrices sees, are less than 0.3 % of a model."""
    published, tables, positions = PARAMETERS[name]
    shape = read_plan(plan_file("paper")).models[name].shape
    assert shape is not None
    weights = block_flops(shape, 1, 0) / 2 * shape.blocks
    counted = weights + tables * head_flops(shape, 1) / 2 + positions * shape.width
    assert counted == pytest.approx(published, rel=3e-3)


def test_a_block_by_hand():
    """5 tokens of width 3: a product of [a, b] and [b, c] matrices is 2 a b c operations; attention sees half."""
    shape = Shape(blocks=1, width=3, mlp=7, mlps=3, vocabulary=11, heads=2, kv_heads=1, head_size=4)
    query_and_output, key_and_value = 2 * (2 * 5 * 3 * 8), 2 * (2 * 5 * 3 * 4)
    mlp, scores_and_mix = 3 * (2 * 5 * 3 * 7), 2 * (2 * 5 * 5 * 8) / 2
    assert block_flops(shape, 5, 5) == query_and_output + key_and_value + mlp + scores_and_mix
    assert head_flops(shape, 5) == 2 * 5 * 3 * 11


def test_a_figure_that_is_shown_twice_costs_once(home):
    plan = read_plan(home / "plan.toml")
    twice = replace(plan, figures=(*plan.figures, replace(plan.figures[0], figure="again")))
    for by_hand in (True, False):
        one, two = figure_costs(plan, by_hand=by_hand), figure_costs(twice, by_hand=by_hand)
        assert two.pop("again") == one["table"] == Cost()
        assert total(two.values()) == total(one.values())
        first = total(cell_cost(plan, cell, by_hand=by_hand) for cell in planned_cells(plan)[:2])
        assert one["1"] == first


@given(layer=st.integers(0, 11), count=st.integers(64, 2000))
def test_curves_and_shared_blocks_save_and_the_later_the_block_the_more(layer, count):
    plan = read_plan(plan_file("paper"))
    cell = replace(planned_cells(plan)[0], model="gpt2", layer=layer, strengths=f"0:200:{count}")
    by_hand, here = (cell_cost(plan, cell, by_hand=way) for way in (True, False))
    assert here.flops <= by_hand.flops
    assert here.passes == 16 * 64 <= by_hand.passes == 16 * count
    if layer:
        before = cell_cost(plan, replace(cell, layer=layer - 1), by_hand=False)
        assert here.flops < before.flops
        assert by_hand == cell_cost(plan, replace(cell, layer=layer - 1), by_hand=True)


def test_hours_are_operations_over_what_is_reached():
    assert hours(Cost(flops=0.4 * 67e12 * 3600), gpu_named("h100"), "float32") == pytest.approx(1)
    assert hours(Cost(flops_drawing=0.05 * 989e12 * 3600), GPUS["H100"], "bfloat16") == pytest.approx(1)
    assert hours(Cost(flops_float64=0.4 * 1.3e12 * 3600), GPUS["RTX4090"], "float32") == pytest.approx(1)
    with pytest.raises(ValueError, match="unknown GPU 'abacus', expected one of A100, H100"):
        gpu_named("abacus")


def test_without_a_shape_there_is_no_price(home):
    plan = read_plan(home / "plan.toml")
    bare = replace(plan, models={"tiny": replace(plan.models["tiny"], shape=None)})
    with pytest.raises(ValueError, match=r"models\.tiny: has no shape"):
        figure_costs(bare, by_hand=True)
