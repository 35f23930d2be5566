"""The catalogue of laws, found by folder: a file in `theory/laws` that defines `LAW` is a law."""

import difflib
import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import theory.laws
from theory.checker.kinds import KINDS, Checked, kind
from theory.law import Law
from theory.proofs import Proof, proofs
from theory.steps import check

DerivationStatus = Literal["checked", "failed", "undecided"]


@cache
def law_ids() -> tuple[str, ...]:
    """The ids of all laws, which are the names of their files; imports none of them."""
    return tuple(sorted(info.name for info in pkgutil.iter_modules(theory.laws.__path__)))


@cache
def _discovered() -> tuple[Law, ...]:
    return tuple(importlib.import_module(f"theory.laws.{name}").LAW for name in law_ids())


def laws() -> dict[str, Law]:
    """Every law by id, in the order of the ids. A duplicate id raises `ValueError`."""
    return by_id(_discovered())


def by_id(found: Iterable[Law]) -> dict[str, Law]:
    """Laws by id; two laws of one id raise `ValueError`."""
    catalogue: dict[str, Law] = {}
    for law in found:
        if law.id in catalogue:
            raise ValueError(f"law {law.id}: defined twice in theory/laws; give each law an id of its own")
        catalogue[law.id] = law
    return catalogue


def find_law(law_id: str) -> Law:
    """The law of an id; an unknown one is a `ValueError` that lists close matches, or every law."""
    check_id(law_id)
    return laws()[law_id]


def check_id(law_id: str) -> None:
    """Refuse an id that is no law's with a `ValueError` that lists close matches, or every law; imports no law."""
    if law_id in law_ids():
        return
    close = difflib.get_close_matches(law_id, law_ids(), n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else f"known laws: {', '.join(law_ids())}"
    raise ValueError(f"unknown law {law_id!r}; {hint}")


@dataclass(frozen=True, kw_only=True)
class DerivationReport:
    """A law's derivation with every step checked."""

    law: str
    steps: tuple[Checked, ...]
    proofs: tuple[Proof, ...] = ()
    """How each claim of the law is proved."""

    @property
    def counts(self) -> dict[str, int]:
        """Number of distinct steps of each kind: identity, inequality, limit, argued."""
        found = Counter(kind(step) for step in dict.fromkeys(checked.step for checked in self.steps))
        return {name: found[name] for name in KINDS}

    @property
    def status(self) -> DerivationStatus:
        """`failed` if a step failed; `checked` if all others are checked or argued, one at least checked.

        Then every claim must be stated, or argued for, by the steps that it names.
        """
        found = {checked.status for checked in self.steps}
        if "failed" in found:
            return "failed"
        proved = all(proof.how != "not stated" for proof in self.proofs)
        return "checked" if "checked" in found and "undecided" not in found and proved else "undecided"


def derivation_report(law: Law) -> DerivationReport:
    """Check every step of a law's derivation; a step that several laws share is checked once."""
    return DerivationReport(law=law.id, steps=tuple(map(check, law.derivation())), proofs=proofs(law))
