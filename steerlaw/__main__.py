"""`steerlaw COMMAND`: parse the command line, run one command, turn bad input into one line and exit status 2."""

import contextlib
import inspect
import io
import re
import sys
from functools import reduce
from operator import or_
from typing import Annotated

import tyro

from steerlaw.commands import COMMANDS


def parse(arguments: list[str] | None = None):
    """The command object that the command line asks for; wrong use exits with status 2 and one line on stderr."""
    choices = reduce(
        or_,
        [
            Annotated[command, tyro.conf.subcommand(name, description=inspect.cleandoc(command.__doc__ or ""))]
            for name, command in COMMANDS.items()
        ],
    )
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(  # pyright: ignore[reportCallIssue]
                choices,  # pyright: ignore[reportArgumentType]
                prog="steerlaw",
                description="Check the laws of activation steering on toy and real language models.",
                args=arguments,
                config=(tyro.conf.FlagCreatePairsOff, tyro.conf.OmitSubcommandPrefixes),
            )
    except SystemExit as leaving:
        if leaving.code:
            sys.stderr.write(f"steerlaw: {_in_one_line(complaint.getvalue())}\n")
            raise SystemExit(2) from None
        raise


def _in_one_line(box: str) -> str:
    """The text inside a box drawn in a terminal, without its title, frame and colours."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", box).splitlines()
    inside = (line.strip("│─ ") for line in lines if not line.startswith(("╭", "╰")))
    return " ".join(" ".join(inside).split())


def main(arguments: list[str] | None = None) -> int:
    """Run one command; exit status 0 done, 1 a failed derivation (or, under `--strict`, a departure), 2 bad input."""
    command = parse(arguments)
    try:
        return command()
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("steerlaw: interrupted\n")
        return 130
    except (ValueError, OSError) as error:
        sys.stderr.write(f"steerlaw: {' '.join(str(error).split())}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
