"""`steerlaw COMMAND`: parse the command line, run one command, turn bad input into one line and exit status 2."""

import contextlib
import io
import re
import sys
from functools import reduce
from importlib.metadata import version
from operator import or_
from typing import Annotated

import tyro

from steerlaw.commands import COMMANDS
from steerlaw.commands.examples import description, in_lines

ABOUT = """Check the laws of activation steering on toy and real language models.

`steerlaw COMMAND --help` has examples. `steerlaw --version` prints the version. `steerlaw --tyro-print-completion bash`
(or zsh, tcsh) prints a completion script for the shell.
"""


def parse(arguments: list[str] | None = None):
    """The command object that the command line asks for; wrong use exits with status 2 and one line on stderr."""
    asked = (sys.argv[1:] if arguments is None else arguments)[:1]
    choices = reduce(
        or_,
        [
            Annotated[command, tyro.conf.subcommand(name, description=description(name, command, full=asked == [name]))]
            for name, command in COMMANDS.items()
        ],
    )
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(  # pyright: ignore[reportCallIssue]
                choices,  # pyright: ignore[reportArgumentType]
                prog="steerlaw",
                description=in_lines(ABOUT),
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
    if (sys.argv[1:] if arguments is None else arguments) == ["--version"]:
        print(f"steerlaw {version('steerlaw')}")
        return 0
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
