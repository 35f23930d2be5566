"""`steerlaw derive ID`: one law's derivation, step by step, each with its check."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from steerlaw.commands.options import Laws
from steerlaw.rendering.console import print_json, say
from steerlaw.rendering.progress import phase


@dataclass(frozen=True, kw_only=True)
class Derive:
    """Print the derivation of one law, step by step, each with its check."""

    id: Annotated[Laws, tyro.conf.Positional]
    """The law's id (`steerlaw laws` lists them)."""
    latex: bool = False
    """Print LaTeX (amsmath, amssymb, graphicx) that can be pasted into a paper."""
    json: bool = False
    """Print JSON alone."""

    def __call__(self) -> int:
        from steerlaw.rendering.derivations import derivation_latex, print_derivation
        from steerlaw.results.derivations import derivation_record
        from theory.catalogue import find_law

        with phase("checking the derivation"):
            law = find_law(self.id)
            record = derivation_record(law)
        if self.json:
            print_json(record.to_json())
        elif self.latex:
            say(*derivation_latex(record, law).splitlines())
        else:
            print_derivation(record, law)
        return int(record.status != "checked")
