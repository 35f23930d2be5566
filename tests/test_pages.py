"""Pages say what is so: their Python runs, their commands are commands and print what is shown, their quotes are there.

Fenced blocks run from top to bottom of their page, in one folder and one namespace: ```python, and the `steerlaw` of
```sh; a ```text after a command is part of what it prints, numbers to 5 %, `...` any lines. Indented commands are
parsed. `<!-- in FILE -->` above a block says where it is quoted from, `<!-- exit status N -->` how its command ends;
blocks of a law's `<!-- file -->` are for `tests/theory/test_first_law.py`.
"""

import math
import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

import steerlaw
from pages import CATALOGUE, PAGES, ROOT, Block, blocks, commands, name, source
from real_models import save_vector
from steerlaw.__main__ import main
from steerlaw.commands import COMMANDS
from steerlaw.commands.command_line import parse
from toy_models import stdlib_gpt

BLOCKS = {page: blocks(page) for page in PAGES if page != CATALOGUE}
RUN, LANGUAGES = ("python", "sh", "text"), {"python", "sh", "text", "toml", "math", "indented"}
RUNNING = {
    page: [b for b in found if b.language in RUN and b.marker[:1] not in (("file",), ("in",))]
    for page, found in BLOCKS.items()
}
SLOW = {page for page, found in RUNNING.items() if any(b.language == "sh" or "load_model" in b.text for b in found)} - {
    ROOT / "README.md"
}
BRINGS_ITS_FILES = ROOT / "docs" / "tutorial.md"
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
WORDS = re.compile(rf"{NUMBER.pattern}|[^\s\d]+")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a checkpoint, texts, a vector and a curve under the names that pages use."""
    for checkpoint in (tmp_path / "checkpoint", tmp_path / "path" / "to" / "checkpoint"):
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.symlink_to(stdlib_gpt.CHECKPOINT)
    for file in ("P.jsonl", "N.jsonl"):  # one file of both kinds, each row with its kind
        shutil.copy(stdlib_gpt.prompts_file("uppercase"), tmp_path / file)
    width = 256
    save_vector(tmp_path / "V.safetensors", {2: np.random.default_rng(0).standard_normal(width).astype(np.float32)})
    rows = "".join(f"{x},{np.exp(-x * x)}\n" for x in np.linspace(-2, 2, 9))
    (tmp_path / "curve.csv").write_text("strength,value\n" + rows)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def words(line: str) -> list[str]:
    return WORDS.findall(line)


def alike(shown: str, printed: str) -> bool:
    """The same word, or numbers within 5 % of each other; what is below 1e-5 is rounding."""
    if not (NUMBER.fullmatch(shown) and NUMBER.fullmatch(printed)):
        return shown == printed
    one, other = (float(number.replace(",", "")) for number in (shown, printed))
    return math.isclose(one, other, rel_tol=0.05, abs_tol=1e-5)


def has(printed: str, shown: str) -> bool:
    """Whether a printed line holds the words that are shown, one after the other."""
    here, there = words(shown), words(printed)
    starts = range(len(there) - len(here) + 1)
    return any(all(map(alike, here, there[start:])) for start in starts)


def check_printed(block: Block, printed: str) -> None:
    """Each line that is shown is printed, in this order, with no line between two that has no `...` between them."""
    left, gap = [line for line in printed.splitlines() if line.strip()], True
    for line in block.text.splitlines():
        if line.strip() == "...":
            gap = True
            continue
        at = next((n for n, other in enumerate(left) if has(other, line)), None)
        assert at is not None, f"{block}: nobody prints {line!r}; printed was\n{printed}"
        assert gap or at == 0, f"{block}: {left[:at]} is printed before {line!r}"
        left, gap = left[at + 1 :], False


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=[pytest.mark.slow] * (p in SLOW), id=name(p)) for p, found in RUNNING.items() if found],
)
def test_a_page_runs_from_top_to_bottom(
    page: Path, home: Path, capsys: pytest.CaptureFixture[str], tmp_path_factory, monkeypatch
) -> None:
    if page == BRINGS_ITS_FILES:
        monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    names: dict = {}
    printed = ""
    for block in RUNNING[page]:
        if block.language == "python":
            exec(compile("\n" * block.line + block.text, name(page), "exec"), names)
        elif block.language == "text":
            check_printed(block, printed)
        else:
            capsys.readouterr()
            expected = int(block.marker[-1]) if block.marker[:2] == ("exit", "status") else 0
            calls = commands(block)
            assert calls, f"{block}: indent what no steerlaw runs"
            for call in calls:
                assert main(call) == expected, f"{block}: {capsys.readouterr().err}"
            printed = capsys.readouterr().out


COMMANDED = {page: [b for b in found if b.language in ("sh", "indented")] for page, found in BLOCKS.items()}


@pytest.mark.parametrize("page", [p for p, found in COMMANDED.items() if any(map(commands, found))], ids=name)
def test_every_command_of_a_page_is_one(page: Path) -> None:
    for block in COMMANDED[page]:
        for call in commands(block):
            command = parse([word.replace("$seed", "1") for word in call])
            assert type(command) is COMMANDS[call[0]], block


QUOTES = [b for found in BLOCKS.values() for b in found if b.marker[:1] == ("in",)]


@pytest.mark.parametrize("block", QUOTES, ids=str)
def test_what_a_page_quotes_is_there(block: Block) -> None:
    assert block.text.rstrip("\n") in source(block.marker[1]).read_text(encoding="utf-8")


def test_pages_have_blocks_of_these_sorts_and_no_others() -> None:
    everything = [block for found in BLOCKS.values() for block in found]
    assert {block.language for block in everything} <= LANGUAGES
    assert all(tomllib.loads(block.text) for block in everything if block.language == "toml")
    sorts = {block.marker[0] for block in everything if block.marker}
    assert sorts == {"file", "in", "run", "test", "exit"}
    assert QUOTES


def test_a_slip_in_what_is_shown_is_noticed() -> None:
    block = Block(page=ROOT / "README.md", line=1, language="text", text="alpha = 0.61: 3%\n...\nends 2\n")
    check_printed(block, "so: alpha = 0.6093: 3%\nand\nends 2\n")
    for wrong in (
        "alpha = 0.7: 3%\nends 2",
        "ends 2\nalpha = 0.61: 3%",
        "alpha = -0.61: 3%\nends 2",
        "alpha = 0.61: 3%",
    ):
        with pytest.raises(AssertionError):
            check_printed(block, wrong)
    touching = Block(page=ROOT / "README.md", line=1, language="text", text="one\ntwo\n")
    with pytest.raises(AssertionError):
        check_printed(touching, "one\nand\ntwo\n")


def test_the_reference_has_every_stable_name() -> None:
    described = (ROOT / "docs" / "reference" / "python.md").read_text()
    assert sorted(re.findall(r"^::: steerlaw\.(\w+)$", described, re.MULTILINE)) == sorted(steerlaw.__all__)
