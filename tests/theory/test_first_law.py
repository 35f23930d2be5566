"""`docs/first_law.md` builds its law from nothing but its own text, and quotes the code as it is."""

import re
import sys
from pathlib import Path

import pytest

import theory.laws
from theory import catalogue
from theory.catalogue import derivation_report, laws
from theory.claims import Close

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- (\w+)(?: ([\w/.]+))? -->\n\n```python\n(.*?)\n```\n", re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / "docs" / "first_law.md").read_text(encoding="utf-8"))


def of_kind(kind: str) -> list[tuple[str, str]]:
    return [(place, text) for found, place, text in BLOCKS if found == kind]


def forget() -> None:
    """Let the catalogue look for laws anew."""
    catalogue.law_ids.cache_clear()
    catalogue._discovered.cache_clear()


@pytest.fixture
def only_the_documented_law(tmp_path, monkeypatch):
    """A catalogue of one folder, which holds the file that the page spells out and nothing else."""
    text = "\n\n\n".join(part for _, part in of_kind("file")) + "\n"
    (tmp_path / "entropy.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(theory.laws, "__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "theory.laws.entropy", raising=False)
    forget()
    yield text
    forget()
    sys.modules.pop("theory.laws.entropy", None)


def test_the_page_spells_out_a_law_that_is_found_checked_and_judged(only_the_documented_law):
    assert list(laws()) == ["entropy"]
    law = laws()["entropy"]
    assert derivation_report(law).status == "checked"
    assert any(isinstance(claim, Close) and claim.derivative for claim in law.claims)
    for _, code in of_kind("run"):
        exec(compile(code, "docs/first_law.md", "exec"), {})


def test_the_page_is_the_law_that_ships():
    text = (ROOT / "theory" / "laws" / "entropy.py").read_text(encoding="utf-8")
    parts = [part for _, part in of_kind("file")]
    assert "".join(text.split()) == "".join("".join(parts).split())


@pytest.mark.parametrize(("place", "text"), of_kind("in"), ids=[place for place, _ in of_kind("in")])
def test_what_the_page_quotes_is_there(place, text):
    assert text in (ROOT / place).read_text(encoding="utf-8")


def test_the_page_has_blocks_of_every_sort_and_no_others():
    assert {kind for kind, *_ in BLOCKS} == {"file", "run", "in"}
    assert (ROOT / "docs" / "first_law.md").read_text(encoding="utf-8").count("```python") == len(BLOCKS)
