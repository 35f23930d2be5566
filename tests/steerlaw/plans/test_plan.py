"""Plans are read as they stand, and what is wrong in one is named with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.observing.grids import parse
from steerlaw.plans.plan import read_plan
from steerlaw.plans.planned import planned_cells
from steerlaw.plans.sources import PRESETS, place, plan_file


def test_the_cells_are_the_product_of_the_lists(home):
    plan = read_plan(home / "plan.toml")
    cells = planned_cells(plan)
    assert [(c.figure, c.observe, c.block, c.layer, c.seed) for c in cells] == [
        ("1", "next-token", "middle", 0, 0),
        ("1", "next-token", "last", 1, 0),
        ("2", "cross-entropy", "middle", 0, 0),
        ("table", "next-token", "middle", 0, 0),
    ]
    assert cells[0].say() == "1: next-token of tiny, cats, block 0, random negatives"


@given(st.data())
def test_the_number_of_cells_is_the_product_of_the_lengths(home, data):
    lists = {
        "layers": data.draw(st.lists(st.sampled_from([0, 1]), min_size=1, max_size=2, unique=True)),
        "negatives": data.draw(st.lists(st.sampled_from(["random", "contrastive"]), min_size=1, unique=True)),
        "seeds": data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True)),
        "along": data.draw(st.lists(st.sampled_from(["vector", "random_direction"]), min_size=1, unique=True)),
    }
    text = (home / "plan.toml").read_text().split("[[figures]]")[0]
    figure = 'figure = "f"\nmodels = ["tiny"]\nconcepts = ["cats"]\nobserve = "next-token"\nstrengths = "0:1:3"\n'
    path = home / "drawn.toml"
    path.write_text(text + "[[figures]]\n" + figure + "\n".join(f"{name} = {each!r}" for name, each in lists.items()))
    cells = planned_cells(read_plan(path))
    assert len(set(cells)) == len(cells)
    expected = {
        (layer, kind, seed, along)
        for layer in lists["layers"]
        for kind in lists["negatives"]
        for seed in lists["seeds"]
        for along in lists["along"]
    }
    assert {(c.layer, c.negatives, c.seed, c.along) for c in cells} == expected


WRONG = [
    ('models = ["tiny"]', 'models = ["huge"]', "unknown model 'huge', expected some of tiny"),
    ('concepts = ["cats"]', 'concepts = ["dogs"]', "unknown concept 'dogs', expected some of cats"),
    ('observe = "next-token"', 'observe = "logits"', "observe: expected one of next-token, cross-entropy"),
    ('strengths = "0:4:33"', 'strengths = "4:0:33"', "strengths: strengths '4:0:33': expected START below STOP"),
    ('strengths = "0:4:33"', "strengths = 4", "strengths: expected a text, got 4"),
    ('strengths = "0:4:33"', 'strengths = "0:4:33"\ncolour = 1', "unknown key 'colour', expected some of figure"),
    ('checkpoint = "tiny"\n', "", "models.tiny: lacks checkpoint"),
    ("segments = 2", "segments = true", "cross_entropy.segments: expected a whole number, got True"),
    ('text = "text.jsonl"\n', "", "cross-entropy needs a pattern `text` under [texts]"),
    ("[texts]", "[texts", "not valid TOML"),
    ('strengths = "0:4:33"', 'strengths = "0:4:33"\nseeds = [-1]', "seeds: expected whole numbers from 0, got -1"),
    ('observe = "cross-entropy"', 'observe = "ability"\nlayers = {}', "layers: no blocks for tiny"),
]


@pytest.mark.parametrize(("good", "bad", "told"), WRONG, ids=[told[:30] for _, _, told in WRONG])
def test_what_is_wrong_is_named_in_one_line(home, good, bad, told):
    text = (home / "plan.toml").read_text()
    assert good in text
    path = home / "wrong.toml"
    path.write_text(text.replace(good, bad, 1))
    with pytest.raises(ValueError, match=r"wrong\.toml") as raised:
        read_plan(path)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("block", ['"nowhere"', "7", "-1"])
def test_blocks_that_are_not_there_are_refused(home, block):
    path = home / "wrong.toml"
    path.write_text((home / "plan.toml").read_text().replace('layers = ["middle", "last"]', f"layers = [{block}]"))
    plan = read_plan(path)
    with pytest.raises(ValueError, match=r"figure 1: .*block"):
        planned_cells(plan)


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_plans_that_come_along_are_whole(path):
    plan = read_plan(plan_file(path.stem))
    assert plan_file(f"presets/{path.name}") == path
    cells = planned_cells(plan)
    assert len(set(cells)) == len(cells)
    assert all(len(parse(cell.strengths)) > 2 for cell in cells)
    assert {cell.figure for cell in cells} >= {"6", "7 top", "7 bottom", "A.1", "A.2", "A.3", "A.5", "Table A.2"}


def test_another_plan_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such plan; expected a TOML file, or one of embedded, paper"):
        plan_file(tmp_path / "embedded.toml")


def test_nothing_outside_is_shipped(home):
    with pytest.raises(ValueError, match="leads out of the models"):
        place(read_plan(home / "plan.toml"), "shipped:../steerlaw/report.py")
