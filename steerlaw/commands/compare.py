"""`steerlaw compare`: what changed between two reports."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from steerlaw.commands.options import InputFile
from steerlaw.rendering.console import console, print_json, say

SHOWN = 20
"""Changes that are named, at most."""


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Say what changed between two reports of `steerlaw verify`: verdicts, shares, software and inputs.

    Of vectors, models, versions or options: whatever the two runs differ in is named. Where each is of one model,
    the two are compared though their names differ.
    """

    before: Annotated[InputFile, tyro.conf.Positional, tyro.conf.arg(metavar="A")]
    """The earlier report: its directory, or its report.json."""
    after: Annotated[InputFile, tyro.conf.Positional, tyro.conf.arg(metavar="B")]
    """The later one."""
    json: bool = False
    """Print JSON alone."""

    def __call__(self) -> int:
        from steerlaw.inputs.report_file import read_report
        from steerlaw.results.comparison import compared

        found = compared(read_report(self.before), read_report(self.after))
        if self.json:
            print_json(found.to_json())
            return 0
        say(*(change.say() for change in found.changes[:SHOWN]))
        if (left := len(found.changes) - SHOWN) > 0:
            say(f"... and {left} more, with --json")
        console().print(*found.lines, sep="\n")
        return 0
