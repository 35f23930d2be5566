"""`steerlaw convert`: between vector formats."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from steerlaw.rendering.console import print_json


@dataclass(frozen=True, kw_only=True)
class Convert:
    """Convert steering vectors between formats; layer conventions are translated, nothing pickled is executed.

    The format follows from the file's name: .safetensors (canonical), .gguf (control vector), the reference's
    layer_<i>.pt, persona vectors, axbench, lm-evaluation-harness, SAE params.npz; or name it.
    """

    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="IN")]
    """The file to read."""
    target: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """The file to write."""
    source_format: str | None = None
    """Format of IN, where its name does not tell."""
    target_format: str | None = None
    """Format of OUT, where its name does not tell."""
    layers: str | None = None
    """Comma-separated blocks to keep (default: all)."""
    layer: int | None = None
    """The block of a file that does not say which block it belongs to."""
    row: int | None = None
    """Row of a file that holds many vectors (axbench, SAE)."""
    json: bool = False
    """Print JSON alone."""

    def __call__(self) -> int:
        from real_models import convert_vectors
        from steerlaw.inputs.concept_files import comma_separated

        notes = convert_vectors(
            self.source,
            self.target,
            source_kind=self.source_format,
            target_kind=self.target_format,
            layers=comma_separated(self.layers),
            layer=self.layer,
            row=self.row,
        )
        if self.json:
            print_json({"source": str(self.source), "target": str(self.target), "notes": list(notes)})
        else:
            for line in (*notes, f"{self.target}: written"):
                print(line)
        return 0
