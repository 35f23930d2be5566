"""Targets a user names: checkpoints, saved sweeps and bare curves; and everything that can be wrong with them."""

import json

import numpy as np
import pytest

from real_models import save_vector
from steerlaw import verify
from steerlaw.__main__ import main
from steerlaw.experiments.experiment import Grid, observe
from steerlaw.experiments.targets import TargetOptions
from steerlaw.experiments.toy import toy_experiments
from steerlaw.inputs.observation_file import load_observations, save_observations
from steerlaw.results.judging import judged
from steerlaw.results.verdict_rows import verdict_row
from theory.catalogue import laws
from toy_models import stdlib_gpt

pytestmark = pytest.mark.slow

CONTEXTS = stdlib_gpt.contexts_file("uppercase")


@pytest.fixture
def vector(tmp_path):
    path = tmp_path / "vector.safetensors"
    save_vector(path, {1: np.random.default_rng(0).standard_normal(256).astype(np.float32)}, {"concept": "uppercase"})
    return path


def test_a_checkpoint(vector, tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("NULL\nTRUE\nAND\nOR\nNOT\nHTTP\nURL\nID\n")
    negative, positive = stdlib_gpt.contexts("uppercase")
    contexts = tmp_path / "contexts.jsonl"
    contexts.write_text(json.dumps({"negative": negative[:2]}) + "\n" + json.dumps({"uppercase": positive[:1]}))
    options = TargetOptions(vector=vector, contexts=contexts, words=words, concept="uppercase")
    report = verify(
        stdlib_gpt.CHECKPOINT, laws=["tilt", "token_bump"], options=options, strengths="-2:2:9", directions=2
    )
    assert set(report.summary()) == {"tilt", "token_bump"}
    assert {v["subject"]["layer"] for v in report.verdicts} == {1}
    curves = sum(report.summary()["token_bump"]["checkpoint"].values())
    assert curves == 2 * 3 * 4096  # by the log-odds of all contexts, and of each
    assert set(report.run.inputs) == {"vector.safetensors", "contexts.jsonl", "words.txt"}


@pytest.fixture(scope="module")
def toy_observations():
    return list(observe(next(iter(toy_experiments(Grid(count=33))))))


def test_a_saved_sweep_is_as_good_as_a_fresh_one(toy_observations, tmp_path):
    path = tmp_path / "sweep.nc"
    save_observations(toy_observations, path)
    again = load_observations(path)
    assert [o.kind for o in again] == [o.kind for o in toy_observations] == ["next token", "cross-entropy"]
    for fresh, read in zip(toy_observations, again, strict=True):
        assert fresh.sweep.data.equals(read.sweep.data)
        for law in laws().values():
            findings = ([verdict_row(*j) for j in judged(o, [law], 1e-3)] for o in (fresh, read))
            assert next(findings) == next(findings)
    report = verify(path, laws=["tilt"])
    assert not report.departs


def curve(path, values, heading="strength,value"):
    rows = (",".join(map(repr, map(float, np.atleast_1d(row)))) for row in values)
    path.write_text("\n".join([heading, *rows]) + "\n")
    return str(path)


def test_a_bump_in_a_file_holds_and_two_bumps_depart(tmp_path):
    s = np.linspace(-5, 5, 101)
    bump = curve(tmp_path / "bump.csv", np.stack([s, np.exp(-(s**2))], axis=1))
    two = curve(tmp_path / "two.csv", np.stack([s, 0.9 * (np.exp(-((s - 2) ** 2)) + np.exp(-((s + 2) ** 2)))], axis=1))
    assert verify(bump, laws=["token_bump"]).verdicts[0]["verdict"] == "holds"
    departed = verify(two, laws=["token_bump"]).verdicts[0]
    assert departed["verdict"] == "departs"
    left, middle, right = departed["witness"]["strengths"]
    assert left == pytest.approx(-2, abs=0.11)
    assert middle == pytest.approx(0, abs=0.11)
    assert right == pytest.approx(2, abs=0.11)
    out = tmp_path / "report"
    assert main(["verify", two, "--laws", "token_bump", "--out", str(out)]) == 0
    assert main(["verify", two, "--laws", "token_bump", "--out", str(out), "--strict"]) == 1
    assert json.loads((out / "report.json").read_text())["verdicts"][0]["verdict"] == "departs"


def test_bounds_in_a_file_are_the_band(tmp_path):
    s = np.linspace(-1, 1, 21)
    wide = np.stack([s, -s, -s - 3, -s + 3], axis=1)
    path = curve(tmp_path / "wide.csv", wide, "strength,value,lower,upper")
    assert verify(path, laws=["target_increases"]).verdicts[0]["verdict"] == "undecided"


def bad_vector(tmp_path, values):
    path = tmp_path / "bad.safetensors"
    from safetensors.numpy import save_file

    save_file({"layer.1": np.asarray(values, np.float32)}, path)
    return path


def text(name, content):
    def make(tmp_path):
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return make


@pytest.mark.parametrize(
    ("target", "options", "names"),
    [
        ("CHECKPOINT", {}, ["--vector"]),
        (lambda p: p, {"vector": "VECTOR", "contexts": CONTEXTS}, ["config.json"]),
        ("CHECKPOINT", {"vector": lambda p: p / "none.safetensors", "contexts": CONTEXTS}, ["none.safetensors"]),
        ("CHECKPOINT", {"vector": lambda p: bad_vector(p, np.ones(7)), "contexts": CONTEXTS}, ["7", "256"]),
        ("CHECKPOINT", {"vector": lambda p: bad_vector(p, np.full(256, np.nan)), "contexts": CONTEXTS}, ["NaN"]),
        ("CHECKPOINT", {"vector": "VECTOR", "contexts": text("c.jsonl", "")}, ["c.jsonl", "empty"]),
        ("CHECKPOINT", {"vector": "VECTOR", "contexts": text("c.jsonl", '{"negative": ["a"]}\n{\n')}, ["c.jsonl:2"]),
        ("CHECKPOINT", {"vector": "VECTOR", "contexts": CONTEXTS, "layer": 3}, ["layers [1]", "3"]),
        ("CHECKPOINT", {"vector": "VECTOR", "contexts": CONTEXTS, "concept": "dogs"}, ["dogs"]),
        ("CHECKPOINT", {"vector": "VECTOR", "contexts": CONTEXTS, "words": text("w.txt", "\n")}, ["w.txt"]),
        (text("a.csv", "strength,value\n0,1\n1,x\n"), {}, ["a.csv:3"]),
        (text("a.csv", "alpha,p\n0,1\n"), {}, ["a.csv:1", "strength,value"]),
        (text("a.csv", "strength,value\n"), {}, ["a.csv", "no rows"]),
        (text("a.csv", "strength,value\n0,1\n0,2\n1,3\n"), {}, ["twice"]),
        (text("a.csv", "strength,value\n0,1\n1,nan\n2,3\n"), {}, ["not a number"]),
        (text("a.nc", "not netCDF"), {}, ["a.nc"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line(target, options, names, tmp_path, vector, capsys):
    def resolve(value):
        if isinstance(value, str):
            value = {"CHECKPOINT": stdlib_gpt.CHECKPOINT, "VECTOR": vector}.get(value, value)
        return value(tmp_path) if callable(value) else value

    flags = [word for name, value in options.items() for word in (f"--{name}", str(resolve(value)))]
    out = tmp_path / "report"
    code = main(["verify", str(resolve(target)), "--laws", "token_bump", "--out", str(out), *flags])
    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    assert all(name in error for name in names), error
    assert not out.exists()


def test_an_unsupported_architecture(tmp_path, vector, capsys):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "mamba", "architectures": ["MambaForCausalLM"]}))
    flags = ["--vector", str(vector), "--contexts", str(CONTEXTS), "--concept", "uppercase"]
    assert main(["verify", str(tmp_path), "--out", str(tmp_path / "report"), *flags]) == 2
    assert "mamba" in capsys.readouterr().err.lower()


def test_a_curve_is_known_as_closely_as_it_was_printed_and_computed(tmp_path):
    """A dip of 0.02 in a log-probability: certain in four decimals, within the rounding of one, or of bfloat16."""
    x = np.linspace(-2, 2, 41)
    dipped = -1 - 0.25 * np.abs(x) - 0.5 * np.isclose(x, 1)
    verdicts = {}
    for decimals in (4, 0):
        path = tmp_path / f"{decimals}.csv"
        rows = "".join(f"{a:.2f},{value:.{decimals}f}\n" for a, value in zip(x, dipped, strict=True))
        path.write_text("strength,value\n" + rows.replace(",-2\n", ",-2.\n").replace(",-1\n", ",-1.\n"))
        for dtype in (None, "tf32", "bfloat16"):
            options = TargetOptions(dtype=dtype)
            (row,) = verify(path, laws=["token_bump"], options=options).verdicts
            verdicts[decimals, dtype] = row["verdict"]
            assert row["evidence"] == "deterministic"
            assert "as printed" in row["reason"]
    assert verdicts == {
        (4, None): "departs",
        (4, "tf32"): "departs",
        (4, "bfloat16"): "undecided",
        (0, None): "undecided",
        (0, "tf32"): "undecided",
        (0, "bfloat16"): "undecided",
    }
