"""`docs/first_law.md` builds its law from nothing but its own text, and quotes the code as it is."""

import sys

import pytest

import theory.laws
from pages import ROOT, blocks, source
from theory import catalogue
from theory.catalogue import derivation_report, laws
from theory.claims import Close

PARTS = [block.text for block in blocks(ROOT / "docs" / "first_law.md") if block.marker == ("file",)]


def forget() -> None:
    """Let the catalogue look for laws anew."""
    catalogue.law_ids.cache_clear()
    catalogue._discovered.cache_clear()


@pytest.fixture
def only_the_documented_law(tmp_path, monkeypatch):
    """A catalogue of one folder, which holds the file that the page spells out and nothing else."""
    text = "\n\n".join(PARTS)
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


def test_the_page_is_the_law_that_ships():
    text = source("theory/laws/entropy.py").read_text(encoding="utf-8")
    assert "".join(text.split()) == "".join("".join(PARTS).split())
