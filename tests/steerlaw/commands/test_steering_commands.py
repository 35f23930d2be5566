"""vector, convert, choose and doctor on the shipped model, from the command line: what they write, print and refuse."""

import json

import numpy as np
import pytest

from numerics.files.alone import alone
from real_models import load_vector, read_vectors
from steerlaw.__main__ import main
from toy_models import stdlib_gpt

MODEL = str(stdlib_gpt.CHECKPOINT)
LAYER = 2


@pytest.fixture(scope="module")
def prompts(tmp_path_factory):
    """A few of the shipped model's prompts, both kinds in one file."""
    path = tmp_path_factory.mktemp("texts") / "prompts.jsonl"
    positive, negative = stdlib_gpt.prompts("uppercase", "vector")
    rows = [("positive", text) for text in positive[:4]] + [("negative", text) for text in negative[:4]]
    path.write_text(
        "".join(json.dumps({"concept": "uppercase", "kind": kind, "text": text}) + "\n" for kind, text in rows)
    )
    return path


@pytest.fixture(scope="module")
def vector(prompts):
    out = prompts.with_name("vector.safetensors")
    texts = ["--positive", str(prompts), "--negative", str(prompts)]
    assert main(["vector", "--model", MODEL, *texts, "--layers", f"1,{LAYER}", "--out", str(out), "--json"]) == 0
    return out


def answer(capsys, arguments) -> tuple[int, dict]:
    status = main([*map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_a_vector_is_built_and_converted(vector, capsys, tmp_path):
    vectors = load_vector(vector)
    assert list(vectors) == [1, LAYER]
    one = tmp_path / "one.safetensors"
    status, told = answer(capsys, ["convert", vector, one, "--layers", LAYER])
    assert status == 0
    files = [{"source": str(vector), "target": str(one), "layers": {str(LAYER): f"layer.{LAYER}"}}]
    assert told == {"source": str(vector), "target": str(one), "files": files, "notes": []}
    assert list(load_vector(one)) == [LAYER]
    assert np.array_equal(load_vector(one)[LAYER], vectors[LAYER])
    assert main(["convert", str(vector), str(tmp_path / "one.gguf"), "--layers", "x"]) == 2
    assert main(["convert", str(vector), str(tmp_path / "two.gguf")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"layer 1: layer.1 of {vector}",
        f"layer {LAYER}: layer.{LAYER} of {vector}",
        f"{tmp_path / 'two.gguf'}: written",
    ]
    assert read_vectors(tmp_path / "two.gguf").metadata == {"model_hint": "llama"}
    assert main(["convert", str(vector), str(tmp_path / "one.onnx")]) == 2
    assert "its name tells no vector format" in capsys.readouterr().err


def test_texts_as_people_have_them_and_a_name_that_decides_the_format(prompts, capsys, tmp_path, monkeypatch):
    """{"text"} rows and lines are what the model is given; a name decides the format, and refuses before that."""
    from real_models.vectors import means

    given = []

    def residuals(model, texts, *_, **__):
        given.append(texts)
        return np.full((model.n_layers, model.d_model), float(len(given)))

    monkeypatch.setattr(means, "mean_residuals", residuals)
    (tmp_path / "p.jsonl").write_text('{"text": "A\\nB"}\n{"text": "C"}\n')
    (tmp_path / "n.txt").write_bytes(b"\xef\xbb\xbfd \r\n e\r\n")
    asked = ["vector", "--model", MODEL, "--positive", tmp_path / "p.jsonl", "--negative", tmp_path / "n.txt"]
    status, told = answer(capsys, [*asked, "--layers", LAYER, "--out", tmp_path / "v.gguf"])
    assert (status, told["model_hint"], given) == (0, "llama", [["A\nB", "C"], ["d ", " e"]])
    assert (tmp_path / "v.gguf").read_bytes()[:4] == b"GGUF"
    found = read_vectors(tmp_path / "v.gguf")
    assert (list(found.vectors), found.metadata) == ([LAYER], {"model_hint": "llama"})
    for out, complaint in (
        ("v.txt", "its name tells no vector format"),
        ("w.gguf", "llama.cpp rejects vectors of block 0"),
    ):
        assert main([*map(str, asked), "--out", str(tmp_path / out)]) == 2
        assert complaint in capsys.readouterr().err
    assert main([*map(str, asked[:-1]), str(tmp_path / "nothing.txt"), "--out", str(tmp_path / "v.npy")]) == 2
    assert "nothing.txt: no such file" in capsys.readouterr().err
    assert len(given) == 2


def test_the_doctor_finds_a_sound_model_well_and_a_turned_vector_not(vector, prompts, capsys, tmp_path):
    asked = ["doctor", "--model", MODEL, "--layer", LAYER]
    status, checks = answer(capsys, [*asked, "--prompts", prompts, "--vector", vector])
    assert status == 0
    assert {check["name"] for check in checks if check["ok"]} >= {"zero strength", "plain forward", "sign", "layer"}
    from real_models import save_vector

    save_vector(tmp_path / "turned.safetensors", {LAYER: -load_vector(vector)[LAYER]})
    rows = [json.loads(line) for line in prompts.read_text().splitlines()]
    for kind in ("positive", "negative"):
        texts = [json.dumps({"text": row["text"]}) for row in rows if row["kind"] == kind]
        (tmp_path / f"{kind}.jsonl").write_text("\n".join(texts))
        asked += [f"--{kind}", tmp_path / f"{kind}.jsonl"]
    status, checks = answer(capsys, [*asked, "--vector", tmp_path / "turned.safetensors"])
    assert status == 1
    assert "direction" in {check["name"] for check in checks if check["ok"] is False}


def test_a_strength_is_chosen_for_a_prompt(vector, capsys):
    asked = ["choose", "--model", MODEL, "--vector", vector, "--layer", LAYER, "--prompt", "def read(self):"]
    status, choice = answer(capsys, [*asked, "--budget", 0.2])
    assert status == 0
    assert choice["valid_to"] > 0
    assert 0 < choice["measured"] < choice["searched"]
    assert main([*map(str, asked), "--budget", "0.2"]) == 0
    printed = capsys.readouterr().out
    assert f"{choice['measured']:.4g}" in printed
    assert " ".join(choice["advice"].split()) in " ".join(printed.split())
    assert choice["units"]["measured"]["alpha|v|/|h|"] > 0
    assert all(token["text"] for tokens in choice["leading"].values() for token in tokens)


def test_a_budget_is_refused_before_anything_is_loaded(vector, capsys):
    for amount in ("0", "-1", "nan", "inf"):
        nowhere = ["choose", "--model", "nowhere", "--vector", str(vector), "--prompt", "x", "--budget", amount]
        assert main(nowhere) == 2
        assert "--budget: expected a number above 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["choose", "--prompt", "x", "--layer", "9"], "holds layers [1, 2], not 9"),
        (["choose", "--prompt", "x"], "choose one with --layer"),
        (
            ["choose", "--prompt", "x", "--layer", "1", "--budget", "-1"],
            "--budget: expected a number above 0 and below",
        ),
        (["doctor", "--layer", "1", "--prompts", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
        (["doctor", "--layer", "1", "--positive", __file__], "--positive and --negative, both or neither"),
    ],
)
def test_wrong_use_is_one_line(vector, capsys, arguments, complaint):
    command, *options = arguments
    assert main([command, "--model", MODEL, "--vector", str(vector), *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err
    assert captured.err.count("\n") == 1


def test_texts_of_another_concept_build_no_vector(prompts, capsys, tmp_path):
    texts = ["--positive", str(prompts), "--negative", str(prompts), "--concept", "lowercase"]
    assert main(["vector", "--model", MODEL, *texts, "--out", str(tmp_path / "v.safetensors")]) == 2
    assert "holds no text of kind 'positive' of 'lowercase'" in capsys.readouterr().err
    texts = ["--positive", str(prompts), "--negative", str(prompts)]
    assert main(["vector", "--model", MODEL, *texts, "--layers", "1,x"]) == 2
    assert "expected whole numbers separated by commas" in capsys.readouterr().err
    assert main(["vector", "--model", MODEL, *texts, "--layers", "4"]) == 2
    assert "expected blocks from 0 to 3, got 4" in capsys.readouterr().err


def test_a_vector_that_another_process_is_writing_is_left_alone(vector, prompts, capsys, tmp_path):
    texts = ["--positive", str(prompts), "--negative", str(prompts), "--layers", "1"]
    for out, command in (
        (tmp_path / "v.npy", ["convert", str(vector), str(tmp_path / "v.npy"), "--layers", "1"]),
        (tmp_path / "v.gguf", ["vector", "--model", MODEL, *texts, "--out", str(tmp_path / "v.gguf")]),
    ):
        with alone(out):
            assert main(command) == 2
        assert "another process is writing it" in capsys.readouterr().err
        assert main(command) == 0
        assert list(tmp_path.glob(".*")) == []
