"""`steerlaw vector`: steering vectors from texts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from steerlaw.commands.options import Dtype, InputFile, Layers, OutputFile
from steerlaw.rendering.console import print_json, say
from steerlaw.rendering.progress import progress_bar


@dataclass(frozen=True, kw_only=True)
class Vector:
    """Build steering vectors: difference of means of the residuals of texts that show a concept and texts that do not.

    Texts are JSONL rows {"text": ...}, a .txt file of one text a line, or JSONL rows {"concept", "kind":
    "positive"|"negative", "text"}, of which those of kind positive are taken from one file and those of kind negative
    from the other, which may be the same. The name of the file to write decides its format, as for `steerlaw convert`.
    """

    model: str
    """Checkpoint directory or hub id."""
    positive: InputFile
    """JSONL or .txt with the texts that show the concept (or the reference's directory of prompts)."""
    negative: InputFile
    """JSONL or .txt with the texts that do not (or the reference's directory of prompts)."""
    concept: str | None = None
    """Which concept's rows to use, where the rows say theirs (default: all)."""
    layers: Layers | None = None
    """Comma-separated blocks, 0-based (default: every block)."""
    method: Literal["means", "last", "principal"] = "means"
    """Difference of token-averaged residuals, of last-token residuals, or first principal paired difference."""
    unit: bool = False
    """Scale every vector to norm 1 (principal ones are)."""
    out: OutputFile = Path("vector.safetensors")
    """The file to write: .safetensors, .gguf, .npy, or another of the formats of `steerlaw convert`."""
    dtype: Dtype = "float32"
    """Compute in float32, bfloat16 or float64."""
    json: bool = False
    """Print what was written as JSON alone."""

    def __call__(self) -> int:
        from importlib.metadata import version

        import numpy as np

        from numerics.files.alone import alone
        from real_models import load_model, read_texts, write_vectors
        from real_models.vectors.formats import check_target, format_of
        from steerlaw.inputs.concept_files import comma_separated

        positive = read_texts(self.positive, "positive", self.concept)
        negative = read_texts(self.negative, "negative", self.concept)
        format_of(self.out)
        model = load_model(self.model, dtype=self.dtype)
        layers = comma_separated(self.layers) or range(model.n_layers)
        if beyond := [layer for layer in layers if layer not in range(model.n_layers)]:
            raise ValueError(f"--layers: expected blocks from 0 to {model.n_layers - 1}, got {beyond[0]}")
        metadata = {
            "model": model.name,
            "model_hint": model.spec.family,
            "concept": self.concept or "",
            "method": self.method,
            "unit": self.unit,
            "positive": len(positive),
            "negative": len(negative),
            "software": f"steerlaw {version('steerlaw')}",
        }
        check_target(self.out, layers, metadata)
        with alone(self.out), progress_bar() as progress:
            task = progress.add_task("reading texts", total=None)

            def tell(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            vectors = _build(self.method, self.unit)(model, positive, negative, progress=tell)
            kept = {layer: np.asarray(vectors)[layer] for layer in layers}
            notes = write_vectors(self.out, kept, metadata)
        norms = {layer: float(np.linalg.norm(vector)) for layer, vector in kept.items()}
        if self.json:
            print_json({"out": str(self.out), "norms": norms, "notes": notes, **metadata})
        else:
            say(f"{self.out}: {len(kept)} vectors of {model.name} from {len(positive)} and {len(negative)} texts")
            say("norms: " + ", ".join(f"block {layer} {norm:.4g}" for layer, norm in norms.items()))
            say(*notes)
        return 0


def _build(method: str, unit: bool):
    from functools import partial

    from real_models import difference_of_means, principal_difference

    if method == "principal":
        return principal_difference
    return partial(difference_of_means, pool="mean" if method == "means" else "last", unit=unit)
