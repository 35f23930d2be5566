"""The command line: parse it, check its options, run one command, and turn whatever goes wrong into one line."""

import contextlib
import io
import re
import shlex
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import reduce
from importlib.metadata import version
from operator import or_
from typing import Annotated

import tyro

from steerlaw.commands import COMMANDS
from steerlaw.commands.options import check_options
from steerlaw.interrupts import end_if_interrupted
from steerlaw.rendering.console import complain, prepare_streams, say, silence_stdout
from steerlaw.rendering.examples import description, in_lines

DEBUG = "--debug"
VERSION = ["--version"]
DESCRIPTION = f"""Check the laws of activation steering on toy and real language models.

`steerlaw COMMAND --help` has examples. `steerlaw --version` prints the version. `steerlaw --tyro-print-completion bash`
(or zsh, tcsh) prints a completion script for the shell. With {DEBUG}, anywhere on the line, whatever goes wrong is
shown with its traceback."""


def run(arguments: Sequence[str]) -> int:
    """Run the command that the arguments ask for; its exit status. Whatever goes wrong is one line on stderr and 2."""
    prepare_streams()
    arguments, debug = _without_debug(arguments)
    try:
        if arguments == VERSION:
            say(f"steerlaw {version('steerlaw')}")
            return 0
        command = parse(arguments)
        check_options(command)
        status = command()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        silence_stdout()
        return 0
    except Exception as error:
        end_if_interrupted()
        if debug:
            traceback.print_exc()
        complain(_told(error, arguments))
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            return 2
        silence_stdout()
        return 2
    return status


def parse(arguments: Sequence[str]) -> Callable[[], int]:
    """The command object that the command line asks for; wrong use is a `ValueError`, `--help` a `SystemExit`."""
    asked = list(arguments[:1])
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
                description=in_lines(DESCRIPTION),
                args=list(arguments),
                config=(tyro.conf.FlagCreatePairsOff, tyro.conf.OmitSubcommandPrefixes),
            )
    except SystemExit as leaving:
        if leaving.code:
            raise ValueError(_in_one_line(complaint.getvalue())) from None
        sys.stdout.flush()  # here, where what goes wrong with it is told in a line
        raise


def _without_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """The arguments without `--debug`, which may stand anywhere before a `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    before = [argument for argument in arguments[:end] if argument != DEBUG]
    return [*before, *arguments[end:]], len(before) < end


def _in_one_line(box: str) -> str:
    """What a box drawn in a terminal complains of, without its title, frame and colours, and without what help says."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", box).splitlines()
    inside = [line.strip("│ ") for line in lines if not line.startswith(("╭", "╰"))]
    sections = [" ".join(part.split()) for part in re.split("\n─+\n", "\n".join(inside))]
    said = [part.partition(" Got errors:")[0] for part in sections if not part.startswith("Argument helptext")]
    return "; ".join(part for part in said if part)


def _told(error: Exception, arguments: Sequence[str]) -> str:
    """One line about an error: what the input was to be, or what to do about a fault of ours."""
    if isinstance(error, OSError) and error.strerror:
        named = [str(name) for name in (error.filename, error.filename2) if name is not None]
        return ": ".join([*named, error.strerror])
    if isinstance(error, ValueError | OSError):
        return str(error) or type(error).__name__
    asked = shlex.join(["steerlaw", *arguments])
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return f"{asked}: there is not enough memory for this; ask for less at a time"
    return f"{asked}: {type(error).__name__}: {error}; this is a fault of steerlaw, {DEBUG} shows where"
