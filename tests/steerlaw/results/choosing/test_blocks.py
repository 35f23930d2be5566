"""Every block at one budget: what its own choice says of each, and the block that is named."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false

import json

import numpy as np
import pytest

from real_models import load_model, sample, save_vector
from steerlaw.__main__ import main
from steerlaw.results.choosing.blocks import BlockChoice, best, say
from tiny_checkpoint import VOCABULARY, tiny_checkpoint, words


def block(layer, after=None, push=1.0, before=0.1, strength=2.0):
    target = None if after is None else (before, after)
    return BlockChoice(layer=layer, strength=strength, push=push, nats=0.5, target=target)


def test_the_best_block_buys_most_and_of_equals_the_smaller_push():
    blocks = [block(0, 0.2), block(1, 0.4, push=2.0), block(2, 0.4, push=0.7), block(3)]
    assert best(blocks).layer == 2
    assert say(blocks, "0.5 nats").startswith(
        "Block 2 is best: for 0.5 nats the concept goes from 0.1 to 0.4 at 2 (0.7"
    )
    assert best([block(0), block(1)]) is None
    assert "give --words" in say([block(0), block(1)], "0.5 nats")
    assert "buy any of the concept" in say([block(0, 0.05)], "0.5 nats")
    assert "there a strength" in say([block(0, strength=None)], "0.5 nats")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A tiny model with vectors of both blocks, the second one of no effect on most tokens being small."""
    made = tiny_checkpoint(tmp_path_factory.mktemp("blocks"))
    random = np.random.default_rng(7)
    vectors = {layer: random.standard_normal(8).astype(np.float32) for layer in (0, 1)}
    made.both = made.vector.with_name("both.safetensors")
    save_vector(made.both, vectors)
    made.vectors = vectors
    return made


def asked(made, capsys, *more):
    line = ["choose", "--model", made.model, "--vector", made.both, *more, "--json"]
    assert main([*map(str, line)]) == 0
    return json.loads(capsys.readouterr().out)


def test_one_prompt_at_every_block_is_what_each_block_says(made, capsys):
    """Strength, push and target are those of `choose` at that block; the best is the one with the larger target."""
    how = ["--prompt", "w1 w2", "--words", made.words, "--budget", 0.2]
    found = asked(made, capsys, *how, "--layer", "all")
    for one in found["blocks"]:
        own = asked(made, capsys, *how, "--layer", one["layer"])
        alpha = own[own["trusted"]]
        assert one["strength"] == pytest.approx(alpha)
        assert one["push"] == pytest.approx(own["units"][own["trusted"]]["alpha|v|/|h|"])
        shares = dict(zip(("unsteered", "predicted", "measured"), own["concept"], strict=True))
        assert one["target"] == pytest.approx([shares["unsteered"], shares[own["trusted"]]])
    assert [one["layer"] for one in found["blocks"]] == [0, 1]
    assert found["best"] == int(np.argmax([one["target"][1] for one in found["blocks"]]))
    line = ["choose", "--model", made.model, "--vector", made.both, *how, "--layer", "all"]
    assert main([*map(str, line)]) == 0
    assert found["advice"] in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
def test_whole_texts_at_every_block(made, tmp_path, capsys):
    """The target is the share of target tokens in new texts, as `sample` draws them."""
    random = np.random.default_rng(0)
    prompts = [words(random.integers(1, VOCABULARY, 4)) for _ in range(12)]
    (tmp_path / "p.txt").write_text("\n".join(prompts) + "\n")
    texts = ["--tokens", 4, "--text-budget", 0.4, "--samples", 2, "--risk", 0.2]
    found = asked(made, capsys, "--prompts", tmp_path / "p.txt", *texts, "--words", made.words, "--layer", "all")
    model = load_model(made.model)
    named = set(made.words.read_text().split())
    for one in found["blocks"]:
        how = {"layer": one["layer"], "vector": made.vectors[one["layer"]], "tokens": 4, "samples": 2, "seed": 1}
        drawn = sample(model, prompts, [0.0, one["strength"]], **how)
        shares = [
            np.mean([np.mean([w in named for w in text.split()]) for text in drawn.texts[:, k].ravel()]) for k in (0, 1)
        ]
        assert one["target"] == pytest.approx(shares, abs=0.02)
        assert 0 < one["nats"] <= 0.4
        norms = [np.linalg.norm(np.asarray(model.residual(p, one["layer"]))[-1]) for p in prompts]
        expected = one["strength"] * np.linalg.norm(how["vector"]) / np.mean(norms)
        assert one["push"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--layer", "some"], "--layer: expected a number from 0 to 9,999, or all, got 'some'"),
        (["--layer", "all", "--explain"], "--explain is for one --layer, not for all"),
        (["--layer", "all", "--preview", "3"], "--preview is for one --layer, not for all"),
    ],
)
def test_wrong_use_is_one_line(made, capsys, more, message):
    line = ["choose", "--model", made.model, "--vector", made.both, "--prompt", "w1", *more]
    assert main([*map(str, line)]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
