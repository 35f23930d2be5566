"""What is known of the mutants of each file of what judges: `tests/MUTANTS_NUMERICS.md`, read and written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).with_name("MUTANTS_NUMERICS.md")
HEAD = """# Mutants of what judges

Written by `python tests/mutate_numerics.py [FILE ...]`, which changes one comparison, sign, number, extremum or
quantifier of a file at a time and runs the tests that belong to it (MUTANTS.md is of the laws). Rows of files that a
run does not go through stay as they are. `as of` is the beginning of the SHA-256 of the file that was changed; where
fewer are *tried* than there are *mutants*, they are each N-th one. *Harmless* ones survive, and why they may is below;
of the others *killed* are noticed by a test.

| file | as of | mutants | tried | killed | harmless | survive | noticed of those that do harm |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""
_ROW = re.compile(r"\| `(?P<name>\S+)` \| `(?P<digest>\w+)` \| (?P<mutants>\d+) \| (?P<tried>\d+) \|")
_SURVIVOR = re.compile(r"- (?P<what>.*`): (?P<why>.*)")
NOT_EXPLAINED = "NOT EXPLAINED"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was tried of a file's mutants, and the survivors with why they do no harm, or `NOT_EXPLAINED`."""

    name: str
    digest: str
    mutants: int
    tried: int
    survivors: tuple[tuple[str, str], ...] = ()

    @property
    def unexplained(self) -> int:
        """How many survive and are not known to be harmless."""
        return sum(why == NOT_EXPLAINED for _, why in self.survivors)

    def __str__(self) -> str:
        """The row of the table."""
        harmless = len(self.survivors) - self.unexplained
        killed = self.tried - len(self.survivors)
        noticed = 100 * killed / max(self.tried - harmless, 1)
        counts = (self.mutants, self.tried, killed, harmless, self.unexplained)
        return f"| `{self.name}` | `{self.digest}` | {' | '.join(map(str, counts))} | {noticed:.1f} % |"


def read_rows(page: Path = PAGE) -> dict[str, Row]:
    """The rows of the page by the name of their file; none where there is no page."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    table, *sections = text.split("\n## ")
    survivors = {
        name.strip("`"): tuple((found["what"], found["why"]) for found in _SURVIVOR.finditer(rest))
        for name, _, rest in (section.partition("\n") for section in sections)
    }
    return {
        row["name"]: Row(
            name=row["name"],
            digest=row["digest"],
            mutants=int(row["mutants"]),
            tried=int(row["tried"]),
            survivors=survivors.get(row["name"], ()),
        )
        for row in _ROW.finditer(table)
    }


def write_rows(rows: Iterable[Row], page: Path = PAGE) -> None:
    """The page with these rows, and its other rows as they are."""
    merged = sorted((read_rows(page) | {row.name: row for row in rows}).values(), key=lambda row: row.name)
    sections = [
        f"\n## `{row.name}`\n\n" + "".join(f"- {what}: {why}\n" for what, why in row.survivors)
        for row in merged
        if row.survivors
    ]
    page.write_text(HEAD + "".join(f"{row}\n" for row in merged) + "".join(sections), encoding="utf-8")
