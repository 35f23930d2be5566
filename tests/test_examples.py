"""Every example runs as it stands, and says what it is there to show."""

import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
SHOWS = {
    "add_a_law": [r"derivation: checked", r"a tilt: holds", r"three times as steep: departs"],
    "check_a_law": [
        r"the vector, (.*\n){2}.*up to alpha = 0\.\d+\na random direction, (.*\n){2}.*up to alpha = 0\.\d+\n"
    ],
    "choose_a_strength": [
        r"'def main\(': 0.5 nats at alpha = 0\.\d+, predicted 0\.\d+",
        r"all of them: alpha = 0\.\d+",
    ],
    "judge_what_others_measured": [r"by itself: token_bump \w+", r"they differ unsteered"],
}


def test_each_example_has_something_to_show() -> None:
    assert [path.stem for path in EXAMPLES] == sorted(SHOWS)
    listed = (EXAMPLES[0].parent / "README.md").read_text()
    rows = re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\)", listed, re.MULTILINE)
    assert sorted(rows) == sorted(SHOWS)


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_runs(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", [str(path)])
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(path), run_name="__main__")
    said = capsys.readouterr().out
    for shown in SHOWS[path.stem]:
        assert re.search(shown, said), said
    assert not list(tmp_path.iterdir())
