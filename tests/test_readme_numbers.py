"""README's numbers are those of the stored results, and what it shows of a command's output stands on a page that runs.

The rest is looked at elsewhere: its Python and its commands by `test_pages.py`, its counts, laws and the rows of its
table of commands by `steerlaw/commands/test_readme.py`.
"""

import re
import tomllib

import pytest

from pages import ROOT, blocks

README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
BOUNDS = re.compile(r" \[[^\]]*\]")


def rows(page: str, head: str) -> list[list[str]]:
    """The cells of the first table whose head begins so, row by row, without bounds in brackets."""
    table = page[page.index(f"| {head} ") :].split("\n\n")[0].splitlines()[2:]
    return [[BOUNDS.sub("", cell).strip() for cell in row.strip("|").split("|")] for row in table]


def test_the_table_of_horizons_is_that_of_the_results() -> None:
    stored = [row for row in rows(RESULTS, "shares in %") if not row[0].startswith("...")]
    assert rows(README, "shares in %") == stored
    assert all(len(row) == 11 for row in stored)


def test_the_caption_of_the_figure_is_of_the_results() -> None:
    caption = " ".join(README[README.index("*The shipped language model steered") :].split("*\n")[0].split())
    reach = r"on {} up to ([\d.]+) of the residual's norm"
    rise, tilt = "the target concept's probability increases", "log p + alpha M - K(alpha) (local log-odds)"
    (target,) = re.findall(rf"- .*{re.escape(rise)}: .*", RESULTS)
    (local,) = re.findall(rf"- .*{re.escape(tilt)}: .*", RESULTS)
    most = re.findall(reach.format("90 % of the curves"), target)
    half = re.findall(reach.format("half") + r", ([\d.]+) nats", target) + re.findall(
        reach.format("half") + r", ([\d.]+) nats", local
    )
    assert (
        f"rises on nine contexts in ten up to {most[0]} norms, on half up to {half[0][0]} norms, {half[0][1]} nats"
        in caption
    )
    assert f"keeps half of the probability within 0.1 nat up to {half[1][0]} norms, {half[1][1]} nats" in caption
    medians = {(row[0], row[1]): row[3:] for row in rows(RESULTS, "law | claim | weighed by")}
    aside = next(told[2] for (law, _), told in medians.items() if law.startswith("target_increases"))
    assert f"along a random direction half are gone by {aside.split(' to ')[-1]}." in caption
    push, _, beside = next(told for (law, _), told in medians.items() if law == "tilt (local)")
    assert float(push.split(" to ")[0]) <= float(beside.split(" to ")[0])  # no farther than along a random direction


def shown(page: str) -> str:
    """All that a page shows of what commands print, in one line; a test holds it against what they do print."""
    return " ".join(" ".join(block.text for block in blocks(ROOT / "docs" / page) if block.language == "text").split())


def test_what_guide_says_is_what_it_says_in_the_tutorial() -> None:
    quoted = re.search(r"\*(Steer block .*?)\*", README, re.DOTALL)
    assert quoted
    assert " ".join(quoted[1].split()) in shown("tutorial.md")


@pytest.mark.parametrize("complaint", rows(README, "complaint"), ids=lambda row: row[0])
def test_what_a_complaint_is_told_is_what_the_page_shows(complaint: list[str]) -> None:
    told = " ".join(complaint[2].strip("`").split())
    assert told in shown("find_what_is_wrong.md")


def test_the_citation_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = dict(re.findall(r"^([a-z-]+): (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE))
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"].split(" AND ")[0]  # ours; then those of what comes along
    assert citation["title"].strip('"').startswith(project["name"])
    (arxiv,) = set(re.findall(r"arxiv\.org/abs/([\d.]+)", (ROOT / "CITATION.cff").read_text()))
    assert arxiv in README
