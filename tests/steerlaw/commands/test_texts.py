"""`steerlaw texts` from the command line: what it writes, takes up, scores anew and refuses."""

import json

import numpy as np
import pytest

from real_models import load_model, load_vector, text_curve
from real_models.text_curves.saving import read_text_curve
from steerlaw.__main__ import main
from steerlaw.experiments.texts import to_file
from tiny_checkpoint import tiny_checkpoint

HOW = ["--strengths=-0.4:0.4:3", "--tokens", "4", "--samples", "12", "--score", "length", "--json"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("texts"))


def line(made, out, *more):
    inputs = ["--model", made.model, "--vector", made.vector, "--prompts", made.prompts, "--out", out]
    return [str(word) for word in ("texts", *inputs, *HOW, *more)]


@pytest.mark.slow
def test_a_curve_in_a_file(made, tmp_path, capsys, monkeypatch):
    """As `text_curve` makes it; from a run that died half-way, too; and by another score, without drawing again."""
    out, drawn = tmp_path / "t.nc", []
    monkeypatch.setattr("real_models.text_curves.curve.CELL", 8)
    real = to_file.kept_cell

    def dying(path, make):
        drawn.append(path.exists())
        if len(drawn) == 4:
            raise MemoryError("no more")
        return real(path, make)

    monkeypatch.setattr(to_file, "kept_cell", dying)
    assert main(line(made, out)) == 2
    assert "not enough memory" in capsys.readouterr().err
    assert not out.exists()
    assert main(line(made, out)) == 0
    assert drawn[4:7] == [True, True, True]
    told = json.loads(capsys.readouterr().out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.nc"]

    prompts = [json.loads(row)["text"] for row in made.prompts.read_text().splitlines()]
    where = {"layer": 0, "vector": load_vector(made.vector)[0]}
    curve = text_curve(load_model(made.model), prompts, "length", [-0.4, 0.0, 0.4], **where, tokens=4, samples=12)
    assert [row["value"] for row in told["curve"]] == pytest.approx(curve.values)
    assert [row["upper"] for row in told["curve"]] == pytest.approx(curve.upper)
    kept, attributes = read_text_curve(out)
    np.testing.assert_array_equal(kept.values, curve.values)
    assert kept.texts == curve.texts
    assert attributes["model"] == "tiny"

    assert (
        main(["texts", "--rescore", str(out), "--words", str(made.words), "--out", str(tmp_path / "w.nc"), "--json"])
        == 0
    )
    hit = json.loads(capsys.readouterr().out)["curve"]
    wanted = curve.rescored(lambda text: float(bool({"w3", "w4", "w5"} & set(text.split()))))
    assert [row["value"] for row in hit] == pytest.approx(wanted.values)
    assert 0 < hit[0]["value"] < 1
    out.write_bytes(out.read_bytes()[:-500])
    assert main(["texts", "--rescore", str(out), "--out", str(tmp_path / "x.nc")]) == 2
    assert "t.nc" in capsys.readouterr().err


@pytest.mark.slow
def test_a_judge_that_cannot_answer_costs_no_texts(made, tmp_path, capsys):
    """To this model both answers are one unknown word: refused in one line, and nothing is left in the way."""
    out = tmp_path / "t.nc"
    assert main(line(made, out, "--judge", made.model, "--question", "w1 {text}")) == 2
    assert "token 1 of tiny spells yes and no" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--score", "nonsense"], "unknown score 'nonsense', expected one of capitals"),
        (["--judge", "M"], "--judge and --question together"),
        (["--judge-url", "http://localhost:1"], "--judge-url only with them"),
        (["--samples", "0"], "--samples: expected a number from 1"),
        (["--level", "1"], "--level: expected a number above 0 and below 1"),
        (["--prompts", "nowhere.txt"], "nowhere.txt: no such file"),
    ],
)
def test_wrong_use_is_one_line(made, tmp_path, capsys, more, message):
    assert main(line(made, tmp_path / "t.nc", *more)) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_needed_is_named(made, tmp_path, capsys):
    asked = ["texts", "--model", str(made.model), "--vector", str(made.vector), "--out", str(tmp_path / "t.nc")]
    assert main(asked) == 2
    assert "--prompts: needed, what the texts continue; or --rescore" in capsys.readouterr().err


@pytest.mark.slow
def test_a_sweep_of_texts_is_verified(made, tmp_path, capsys):
    """What `sweep --observe texts` draws after the contexts, verify tells in the terminal, the page and report.json."""
    out, report = tmp_path / "s.nc", tmp_path / "report"
    inputs = ["--model", made.model, "--vector", made.vector, "--contexts", made.contexts, "--words", made.words]
    how = ["--observe", "texts", "--strengths=-0.4:0.4:5", "--tokens", 4, "--samples", 12, "--out", out, "--json"]
    assert main([*map(str, ["sweep", *inputs, *how])]) == 0
    row = json.loads(capsys.readouterr().out)["whole_texts"]
    assert (row["model"], row["concept"], row["tokens"], row["score"]) == ("tiny", "cats", 4, "target words")
    assert row["predicted"]["slope"]["lower"] < row["predicted"]["slope"]["value"] < row["predicted"]["slope"]["upper"]
    assert main([*map(str, ["verify", out, "--laws", "text_score", "--out", report])]) == 0
    assert row["says"] in " ".join(capsys.readouterr().out.split())
    assert json.loads((report / "report.json").read_text())["texts"] == [row]
    assert row["says"].replace("±", "") in (report / "report.html").read_text().replace("±", "")
    assert [path.suffix for path in (report / "figures").iterdir()] == [".svg"]
    for wrong, message in [
        (["--observe", "texts,next-token"], "--observe texts: is a sweep of its own"),
        (["--observe", "texts", "--positions", "last"], "texts are steered at every position"),
    ]:
        assert main([*map(str, ["sweep", *inputs, *wrong, "--out", tmp_path / "n.nc"])]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_checkpoint_is_verified_with_texts(made, tmp_path, capsys):
    """Drawn after its contexts at the middle block, beside random directions, which differ from one another."""
    inputs = [made.model, "--vector", made.vector, "--contexts", made.contexts, "--words", made.words]
    how = ["--laws", "text_score", "--texts", 10, "--strengths=-1:1:3", "--out", tmp_path / "r", "--json"]
    assert main([*map(str, ["verify", *inputs, *how])]) == 0
    (row,) = json.loads(capsys.readouterr().out)["texts"]
    assert row["score"] == "the concept's tokens"
    assert {event["event"] for event in row["events"]} == {"loops", "a token of the concept"}
    assert all(event["within"] for event in row["events"])
    assert len(set(row["random"])) == 4
    assert row["along_random"]["values"] != row["band"]["values"]
    assert row["strengths"][0] == -row["strengths"][-1]
    assert "random directions" in row["says"]
