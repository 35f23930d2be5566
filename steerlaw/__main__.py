"""`steerlaw COMMAND`: the program. Ctrl-C is looked after before anything else is imported."""

import sys
from contextlib import nullcontext

from steerlaw.compiled import remember_compiled
from steerlaw.interrupts import stopping_at_interrupts


def main(arguments: list[str] | None = None) -> int:
    """Run one command, that of the program's own command line without `arguments`; its exit status.

    0 done, 1 a failed derivation (or, under `--strict`, a departure), 2 bad input or a fault of ours, 130 interrupted.
    """
    if arguments is None:
        remember_compiled()
    with stopping_at_interrupts() if arguments is None else nullcontext():
        from steerlaw.commands.command_line import run

        return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
