"""`steerlaw vector`: steering vectors from texts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from steerlaw.rendering.console import print_json, progress_bar


@dataclass(frozen=True, kw_only=True)
class Vector:
    """Build steering vectors: difference of means of the residuals of texts that show a concept and texts that do not.

    Texts are JSONL rows {"concept", "kind": "positive"|"negative", "text"}; the rows of kind positive are taken from
    one file, those of kind negative from the other, which may be the same.
    """

    model: str
    """Checkpoint directory or hub id."""
    positive: Path
    """JSONL with the texts that show the concept."""
    negative: Path
    """JSONL with the texts that do not."""
    concept: str | None = None
    """Which concept's rows to use (default: all)."""
    layers: str | None = None
    """Comma-separated blocks, 0-based (default: every block)."""
    method: Literal["means", "last", "principal"] = "means"
    """Difference of token-averaged residuals, of last-token residuals, or first principal paired difference."""
    unit: bool = False
    """Scale every vector to norm 1 (principal ones are)."""
    out: Path = Path("vector.safetensors")
    """The file to write."""
    dtype: str = "float32"
    """Compute in float32, bfloat16 or float64."""
    json: bool = False
    """Print what was written as JSON alone."""

    def __call__(self) -> int:
        from importlib.metadata import version

        import numpy as np

        from real_models import load_model, read_prompts, save_vector, texts_of
        from steerlaw.inputs.concept_files import comma_separated

        positive = texts_of(read_prompts(self.positive), "positive", self.concept)
        negative = texts_of(read_prompts(self.negative), "negative", self.concept)
        for kind, texts, path in (("positive", positive, self.positive), ("negative", negative, self.negative)):
            if not texts:
                of = f" of {self.concept!r}" if self.concept else ""
                raise ValueError(f"{path}: holds no text of kind {kind!r}{of}; expected one or more")
        if not self.out.parent.is_dir():
            raise FileNotFoundError(f"{self.out.parent}: no such directory to write {self.out.name} into")
        model = load_model(self.model, dtype=self.dtype)
        layers = comma_separated(self.layers) or range(model.n_layers)
        if beyond := [layer for layer in layers if layer not in range(model.n_layers)]:
            raise ValueError(f"--layers: expected blocks from 0 to {model.n_layers - 1}, got {beyond[0]}")
        with progress_bar() as progress:
            task = progress.add_task("reading texts", total=None)

            def tell(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            vectors = _build(self.method, self.unit)(model, positive, negative, progress=tell)
        metadata = {
            "model": model.name,
            "concept": self.concept or "",
            "method": self.method,
            "unit": self.unit,
            "positive": len(positive),
            "negative": len(negative),
            "software": f"steerlaw {version('steerlaw')}",
        }
        kept = {layer: np.asarray(vectors)[layer] for layer in layers}
        save_vector(self.out, kept, metadata)
        norms = {layer: float(np.linalg.norm(vector)) for layer, vector in kept.items()}
        if self.json:
            print_json({"out": str(self.out), "norms": norms, **metadata})
        else:
            print(f"{self.out}: {len(kept)} vectors of {model.name} from {len(positive)} and {len(negative)} texts")
            print("norms: " + ", ".join(f"block {layer} {norm:.4g}" for layer, norm in norms.items()))
        return 0


def _build(method: str, unit: bool):
    from functools import partial

    from real_models import difference_of_means, principal_difference

    if method == "principal":
        return principal_difference
    return partial(difference_of_means, pool="mean" if method == "means" else "last", unit=unit)
