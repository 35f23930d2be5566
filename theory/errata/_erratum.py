"""A remark on the published text (v1): what it says, what can be proved, and an instance that a machine decides."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

Strength = Literal["exact", "certified", "argued", "measured"]
TEXT = "arXiv 2602.02712, v1"
STRENGTHS: tuple[Strength, ...] = ("exact", "certified", "argued", "measured")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One decided statement. `holds` is None where nothing here decides it; `value` prints the number it is about."""

    says: str
    holds: bool | None
    strength: Strength = "exact"
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a check found: its facts in order, as strong together as the weakest of them."""

    facts: tuple[Fact, ...]

    @property
    def kind(self) -> Strength:
        """`exact`: rationals, integer powers and algebra. `certified`: ball arithmetic with a proved error bound."""
        return STRENGTHS[max(STRENGTHS.index(fact.strength) for fact in self.facts)]

    @property
    def holds(self) -> bool | None:
        """False as soon as one fact fails, True when all hold, None when something is left undecided."""
        verdicts = [fact.holds for fact in self.facts]
        if False in verdicts:
            return False
        return None if None in verdicts else True

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "holds": self.holds, "facts": [_plain(fact) for fact in self.facts]}


@dataclass(frozen=True, kw_only=True)
class Erratum:
    """One entry: an error in v1 of the paper, a condition that it leaves out, or a remark on how to read it.

    `published` is what v1 says, in our words; `provable` is what can be proved instead; `law` is the id of the law that
    it touches. `verify(instance)` decides the facts of the entry, on its own instance or on any other of its type;
    `evidence` is how strongly it decides them.
    """

    id: str
    number: int
    kind: Literal["error", "missing condition", "remark"]
    where: str
    law: str
    published: str
    provable: str
    evidence: Strength
    instance: Any
    verify: Callable[[Any], Iterable[Fact]]

    def check(self) -> Evidence:
        """Recompute every fact from the instance."""
        return Evidence(facts=tuple(self.verify(self.instance)))

    def to_json(self) -> dict[str, Any]:
        """The entry as JSON values; rationals are printed as strings such as `"11/30"`."""
        entries = {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name != "verify"}
        return {"text": TEXT} | entries


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value)
