"""`steerlaw guide` from files to an answer: what it writes, says, takes up again and refuses."""

import json

import numpy as np
import pytest

from real_models import load_vector, read_vectors
from steerlaw.__main__ import main
from steerlaw.guiding import guide as guiding
from tiny_checkpoint import tiny_checkpoint, words

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A tiny model, texts with a concept (words 1 to 8) and without, and prompts."""
    made = tiny_checkpoint(tmp_path_factory.mktemp("guide"))
    draw = np.random.default_rng(0)
    for name, low, high, count in (("p", 1, 9, 12), ("n", 9, 37, 12), ("c", 9, 37, 10)):
        texts = [words(draw.integers(low, high, 5)) for _ in range(count)]
        (made.home / f"{name}.txt").write_text("\n".join(texts))
    return made


def arguments(home, out, *more):
    texts = ("--positive", home.home / "p.txt", "--negative", home.home / "n.txt")
    return [*map(str, ("guide", "--model", home.model, *texts, "--out", out, *more))]


def test_an_answer_from_two_files(home, tmp_path, capsys):
    assert main(arguments(home, tmp_path / "out", "--prompts", home.home / "c.txt")) == 0
    said = capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "guide.json").read_text())
    answer = " ".join(found["answer"])
    assert answer in " ".join(said.split())
    assert f"Steer block {found['layer']} by alpha = {found['dose']['strength']:.4g}" in answer
    assert found["dose"]["prompts"] == 10
    assert found["dose"]["confidence"] == pytest.approx(1 - 1 / 11)
    assert {block["layer"] for block in found["blocks"]} == {0, 1}
    assert all(check["ok"] is not False for check in found["checks"])
    assert list(load_vector(tmp_path / "out" / "vector.safetensors")) == [0, 1]
    alpha = found["dose"]["strength"]
    assert [one["strength"] for one in found["continuations"]] == [0, alpha / 2, alpha] * 3
    assert all(one["text"] and one["text"] in said for one in found["continuations"])
    page = (tmp_path / "out" / "guide.html").read_text()
    assert all(part in page for part in ("register_forward_hook", f"{found['dose']['strength']:.6g}", "<title>"))
    if found["layer"]:
        assert list(read_vectors(tmp_path / "out" / "vector.gguf").vectors) == [1]


def test_a_run_that_was_left_half_way_goes_on(home, tmp_path, capsys, monkeypatch):
    whole, part = tmp_path / "whole", tmp_path / "part"
    assert main(arguments(home, whole)) == 0

    def full_disk(*_, **__):
        raise OSError(28, "No space left on device", "x")

    with monkeypatch.context() as patch:
        patch.setattr(guiding, "dose_for", full_disk)
        assert main(arguments(home, part)) == 2
        assert not (part / "guide.json").exists()
    with monkeypatch.context() as patch:
        patch.setattr(guiding, "text_residuals", full_disk)
        patch.setattr(guiding, "compared_blocks", full_disk)
        assert main(arguments(home, part)) == 0
        assert main(arguments(home, part, "--budget", "0.2")) == 2  # another question: nothing is taken from before
    for name in ("guide.json", "vector.safetensors"):
        assert (whole / name).read_bytes() == (part / name).read_bytes()
    assert capsys.readouterr().err.count("No space left") == 2


def test_json_is_alone_on_stdout(home, tmp_path, capsys):
    assert main(arguments(home, tmp_path, "--json", "--words", home.words)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["out"] == str(tmp_path)
    assert "--words ('w3'" in found["answer"][-1] or "--words ('w" in found["answer"][-1]


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"p.txt": "w1 w2", "n.txt": "w9\nw10"}, "two texts or more of each kind, got 1 and 2"),
        ({"p.txt": "w1\nw1", "n.txt": "w1\nw1"}, "--words"),
        ({"words.txt": "nothing"}, "target words"),
    ],
)
def test_bad_input_is_one_line(home, tmp_path, capsys, texts, says):
    for name in ("p.txt", "n.txt", "words.txt"):
        (tmp_path / name).write_text(texts.get(name, (home.home / name).read_text()))
    files = [str(tmp_path / name) for name in ("p.txt", "n.txt", "words.txt")]
    call = ["guide", "--model", str(home.model), "--positive", files[0], "--negative", files[1]]
    more = ["--words", files[2]] if "words.txt" in texts else []
    assert main([*call, *more, "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
