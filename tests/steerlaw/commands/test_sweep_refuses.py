"""`steerlaw sweep` on text too large to predict, and wrong use, which is one line before any work."""

from pathlib import Path
from typing import Any

import pytest

from steerlaw.__main__ import main
from steerlaw.commands.sweep import Sweep as SweepCommand
from steerlaw.commands.verify import Verify
from steerlaw.experiments import language as language_experiments
from steerlaw.inputs.observation_file import load_observations
from sweep_arguments import arguments
from tiny_checkpoint import tiny_checkpoint


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Everything a sweep of it needs, as files."""
    return tiny_checkpoint(tmp_path_factory.mktemp("inputs"))


def test_text_too_large_to_predict(files, monkeypatch, capsys):
    monkeypatch.setattr(language_experiments, "TEXT_BASELINE", 100)
    out = files.home / "large.nc"
    assert main(arguments(files, out, "cross-entropy")) == 0
    assert "too much text to keep its unsteered distributions" in capsys.readouterr().out
    (found,) = load_observations(out)
    assert found.baseline is None


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"observe": "next-token,perplexity"}, "--observe: expected one or more of next-token, cross-entropy"),
        ({"observe": "cross-entropy", "text": None}, "--observe cross-entropy: needs --text"),
        ({"observe": "self-cross-entropy", "text": None}, "--observe self-cross-entropy: needs --text"),
        ({"observe": "cross-entropy,self-cross-entropy", "text": "TEXT"}, "in a file, got both"),
        ({"observe": "concept", "words": None}, "--observe concept: needs --words"),
        ({"observe": "log-odds", "log-odds-prompts": None}, "--observe log-odds: needs --log-odds-prompts"),
        ({"observe": "next-token", "text": "TEXT"}, "--text: is for --observe cross-entropy, which was not asked for"),
        ({"observe": "cross-entropy", "text": "nowhere.txt"}, "nowhere.txt: no such file"),
        ({"observe": "cross-entropy", "text": "CONTEXTS"}, "contexts.jsonl:1: expected a text under 'text'"),
        ({"observe": "cross-entropy", "segment-tokens": 1}, "--segment-tokens: expected a number from 2 to 1,000,000"),
        ({"observe": "cross-entropy", "segments": 0}, "--segments: expected a number from 1 to 1,000,000, got 0"),
        ({"layer": 1}, "holds layers [0], not 1"),
        ({"strengths": "0:1"}, "strengths '0:1': expected START:STOP:COUNT"),
        ({"concept": "dogs"}, "holds the concepts ['cats'], not 'dogs'"),
        ({"out": "nowhere/s.nc"}, "nowhere: no such directory to write s.nc into"),
        ({"out": "."}, "is a directory, expected the name of a file to write"),
    ],
)
def test_wrong_use_is_one_line(files, tmp_path, monkeypatch, capsys, change, complaint):
    monkeypatch.chdir(tmp_path)
    change = {n: {"TEXT": files.text, "CONTEXTS": files.contexts}.get(str(v), v) for n, v in change.items()}
    assert main(arguments(files, **({"observe": "next-token", "out": "s.nc"} | change))) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err
    assert captured.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["slope_every", "derivatives"])
def test_options_that_do_nothing_any_more_say_so(name: str):
    given: dict[str, Any] = {"model": "m", "vector": Path("v"), "contexts": Path("c"), name: 5}
    with pytest.warns(FutureWarning, match=rf"^--{name.replace('_', '-')} does nothing any more; "):
        SweepCommand(**given)


@pytest.mark.parametrize(("old", "new"), [("blocks", "segments"), ("block_tokens", "segment_tokens")])
def test_renamed_options_warn_and_still_do_what_they_did(old: str, new: str):
    given: dict[str, Any] = {"model": "m", "vector": Path("v"), "contexts": Path("c"), old: 5}
    with pytest.warns(FutureWarning, match=rf"^--{old.replace('_', '-')} is renamed --{new.replace('_', '-')}; "):
        assert getattr(SweepCommand(**given), new) == 5


@pytest.mark.parametrize("command", [SweepCommand, Verify])
def test_prompts_that_measure_log_odds_have_a_name_of_their_own(command: Any):
    needed: dict[str, Any] = {"model": "m", "vector": Path("v"), "contexts": Path("c")}
    with pytest.warns(FutureWarning, match="^--prompts is renamed --log-odds-prompts; the next version refuses it"):
        old = command(**needed, prompts=Path("p"))
    new = command(**needed, log_odds_prompts=Path("p"))
    assert old.log_odds_prompts == new.log_odds_prompts == Path("p")
