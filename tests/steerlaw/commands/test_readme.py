"""What README says is so: its table of laws, its counts, its commands, every row of which runs on a language model."""

import contextlib
import io
import re
import shlex
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from steerlaw import verification
from steerlaw.__main__ import main
from steerlaw.commands import COMMANDS
from steerlaw.experiments import embedded
from steerlaw.experiments.toy import toy_experiment
from steerlaw.rendering.figures.toy import MODEL, TOKENS_OF
from steerlaw.results import derivations
from theory.catalogue import find_law, laws
from theory.checker.kinds import kind
from tiny_checkpoint import tiny_checkpoint
from toy_models import ufm_instances

pytestmark = pytest.mark.slow

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")


def table(*head: str) -> list[list[str]]:
    """The cells of the rows of the table whose heading begins so."""
    lines = README.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("| " + " | ".join(head)))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


COMMAND_ROWS = [(code(first)[0], does) for first, does in table("command", "does")]


def test_the_table_of_laws_is_the_catalogue():
    """The source, as far as it stands there: what comes after it in the catalogue says how laws differ from theirs."""
    shown = {code(cells[0])[0]: cells[1:3] for cells in table("law", "says")}
    assert list(shown) == list(laws())
    for law in laws().values():
        title, source = shown[law.id]
        assert title == law.title
        assert re.match(rf"{re.escape(source)}($|\W)", law.source), law.id


def test_the_counts_of_steps_are_those_of_the_derivations():
    distinct = {step for law in laws().values() for step in law.derivation()}
    steps = Counter(map(kind, distinct))
    said = (
        f"{steps['identity']} identities, {steps['inequality']} inequalities and {steps['limit']} limits by machine, "
        f"{steps['argued']} steps argued"
    )
    assert said in " ".join(README.split())


def test_the_default_grid_is_the_one_that_is_used():
    grid = verification.ADAPTIVE
    said = f"{grid.count} strengths, and between them as many more as the curves need"
    assert grid.between
    described = (Path(verification.__file__).parent / "commands" / "verify.py").read_text()
    assert all(said in " ".join(text.split()) for text in (README, described))


def test_every_command_is_in_the_table_and_in_help():
    assert {shlex.split(command)[1] for command, _ in COMMAND_ROWS} == set(COMMANDS)
    with contextlib.redirect_stdout(io.StringIO()) as shown, pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code in (0, None)
    for name, command in COMMANDS.items():
        listed = re.findall(rf"^\W*{name}\s+(\w[^\n│]*\w)", shown.getvalue(), re.MULTILINE)
        said = " ".join((command.__doc__ or "").split())
        assert any(" ".join(words.split()[:2]) in said for words in listed), name


VECTORED = "--model M --vector V.safetensors"
SAID_SHORTLY = {
    "sweep": f"{VECTORED} --contexts C.jsonl",
    "choose": f"{VECTORED} --prompt 'w1 w2'",
    "texts": f"{VECTORED} --prompts prompts.jsonl",
}
"""What `...` stands for."""
VALUES: dict[str, str] = {
    "--log-odds-prompts": "prompts.jsonl",
    "--words": "words.txt",
    "--tokenizer": "M/tokenizer.json",
    "IN": "V.safetensors",
    "OUT": "converted.safetensors",
}
"""Of an option that is named by itself, and of words that no file is called by."""
QUICK = {
    "verify": ["--laws", "tilt"],
    "sweep": ["--strengths=-1:1:5"],
    "texts": ["--strengths=-0.1:0.1:3", "--tokens=3"],
    "prompts": ["--count=3", "--tokens=4"],
}
PLAN = """
texts = {positive = "P.jsonl", negative = "N.jsonl", contexts = "C.jsonl"}
concepts.cats = {}

[models.tiny]
checkpoint = "M"
shape = {blocks = 2, width = 8, mlp = 12, vocabulary = 37, heads = 2, kv_heads = 1, head_size = 4}

[[figures]]
figure = "1"
models = ["tiny"]
concepts = ["cats"]
layers = [0]
observe = "next-token"
strengths = "-1:1:5"
"""
FEW = {"verify": ["--strengths=-1:1:5", "--directions=1"]}


def calls() -> list[list[str]]:
    """Each command of the table, and each with what its description names: options, or another command."""
    found: list[list[str]] = []
    for command, does in COMMAND_ROWS:
        first = shlex.split(command.replace("...", SAID_SHORTLY.get(shlex.split(command)[1], "")))[1:]
        found.append(first)
        for word in code(does):
            if word.startswith("steerlaw "):
                found.append(shlex.split(word)[1:])
            elif word.startswith("--"):
                found.append([*first, *word.split(), *([VALUES[word]] if word in VALUES else [])])
    return [[word if word.startswith("--") else VALUES.get(word, word) for word in call] for call in found]


def hurried(call: list[str]) -> list[str]:
    """The call with few laws and few strengths, where it does not say which."""
    name = call[0]
    more = [] if "--laws" in call else QUICK.get(name, [])
    file = any(word.endswith((".csv", ".nc")) or word == "RESULTS" for word in call)
    return [*call, *more, *([] if file else FEW.get(name, []))]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A directory in which every file that README names is there, under its name."""
    home = tmp_path_factory.mktemp("readme")
    made = tiny_checkpoint(home)
    for name in ("M", "CHECKPOINT"):
        shutil.copytree(made.model, home / name)
    for source, name in {"vector": "V.safetensors", "contexts": "C.jsonl", "text": "T.jsonl"}.items():
        shutil.copy(getattr(made, source), home / name)
    for name in ("P", "N"):
        shutil.copy(made.prompts, home / f"{name}.jsonl")
    (home / "PLAN.toml").write_text(PLAN)
    s = np.linspace(-5, 5, 41)
    np.savetxt(home / "curve.csv", np.stack([s, -(s**2)], axis=1), "%.17g", ",", header="strength,value", comments="")
    logits = s[:, None] * np.array([-1.0, 0.5, 1.0]) + np.array([0.3, 0.2, 0.1])
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for name in ("A", "B"):
        (home / name).mkdir()
        (home / name / "report.json").write_text('{"schema": 1, "run": {}, "verdicts": []}')
    (home / "RESULTS").mkdir()
    arrays: dict[str, Any] = {"alphas": s, "meta": "{}"}
    for end in ("alphamax", "alphamin"):
        arrays |= {f"probs_{end}": probabilities, f"token_{end}": np.arange(3, dtype=np.int32)}
    np.savez(home / "RESULTS" / "layer_1_ctx_0.npz", **arrays)
    return home


HERE = [call for call in calls() if call[0] != "eval"]
"""What needs tasks is run by test_eval.py."""


@pytest.mark.parametrize("call", HERE, ids=" ".join)
def test_every_row_of_the_table_runs_on_a_language_model(call, home, monkeypatch, capsys):
    instance = next(i for i in ufm_instances() if (i.kind, i.instance) == (MODEL, TOKENS_OF))
    few = [toy_experiment(instance, np.linspace(-2, 2, 9))]
    monkeypatch.setattr(verification, "embedded_experiments", lambda grid, seed: few)
    monkeypatch.setattr(embedded, "embedded_experiments", lambda grid, seed=0: few)
    monkeypatch.chdir(home)
    monkeypatch.setattr(derivations, "laws", lambda: {"tilt": find_law("tilt")})  # other tests check them all
    if "S.nc" in call and call[0] == "verify" and not Path("S.nc").exists():
        assert main(hurried(next(c for c in calls() if c[0] == "sweep"))) == 0
    assert main(hurried(call)) == 0
    assert not [line for line in capsys.readouterr().err.splitlines() if not re.search(r", after \d+ s$", line)]
    if call[0] == "verify":
        assert (home / "steerlaw-report" / "report.html").read_text().count("<svg") >= 1
        shutil.rmtree(home / "steerlaw-report")
    assert not list(home.glob("*.parts"))
