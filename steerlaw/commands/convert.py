"""`steerlaw convert`: between vector formats."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from steerlaw.commands.options import InputFile, Layer, Layers, OutputPath, Row
from steerlaw.rendering.console import print_json, say


@dataclass(frozen=True, kw_only=True)
class Convert:
    """Convert steering vectors between formats; layer conventions are translated, nothing pickled is executed.

    The format follows from the file's name: .safetensors, .gguf (control vector), the reference's layer_<i>.pt,
    *_diff.pt (persona vectors), *_weight.pt (axbench), other .pt (as lm-evaluation-harness writes them), .bin (a plain
    tensor), .npy, params.npz (SAE); or name it. What a .pt or .safetensors file holds is found out: tensors named or
    keyed by layer, rows, a plain vector, SAELens weights. A directory is read as the files layer_<i> in it.
    """

    source: Annotated[InputFile, tyro.conf.Positional, tyro.conf.arg(metavar="IN")]
    """The file, or directory of files, to read."""
    target: Annotated[OutputPath, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """The file to write; a directory for the vectors of several concepts."""
    source_format: str | None = None
    """Format of IN, where its name does not tell."""
    target_format: str | None = None
    """Format of OUT, where its name does not tell."""
    layers: Layers | None = None
    """Comma-separated blocks to keep (default: all)."""
    layer: Layer | None = None
    """The block that is meant: which of those in IN, or whose vector it is where IN does not say."""
    row: Row | None = None
    """Row of a table that holds many vectors (axbench, SAE)."""
    model_hint: str | None = None
    """The model's architecture, its config's model_type, for a format that names it (.gguf) where IN does not say."""
    json: bool = False
    """Print JSON alone."""

    def __call__(self) -> int:
        from numerics.files.alone import alone
        from real_models import convert_vectors
        from steerlaw.inputs.concept_files import comma_separated

        with alone(self.target):
            done = convert_vectors(
                self.source,
                self.target,
                source_kind=self.source_format,
                target_kind=self.target_format,
                layers=comma_separated(self.layers),
                layer=self.layer,
                row=self.row,
                model_hint=self.model_hint,
            )
        if self.json:
            files = [{"source": str(one.source), "target": str(one.target), "layers": one.entries} for one in done]
            notes = [note for one in done for note in one.notes]
            print_json({"source": str(self.source), "target": str(self.target), "files": files, "notes": notes})
            return 0
        for one in done:
            say(*one.notes)
            for layer, entry in one.entries.items():
                say(f"layer {layer}: {entry} of {one.source}")
            say(f"{one.target}: written")
        return 0
