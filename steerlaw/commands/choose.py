"""`steerlaw choose`: the strength for one prompt."""

from dataclasses import dataclass

from steerlaw.commands.options import Dtype, InputFile, Layer, Nats, Tolerance
from steerlaw.rendering.console import print_json
from steerlaw.rendering.progress import phase


@dataclass(frozen=True, kw_only=True)
class Choose:
    """Choose the strength for one prompt: predicted before steering, measured, and how far the theory is valid."""

    model: str
    """Checkpoint directory or hub id."""
    vector: InputFile
    """Steering vectors (safetensors, one tensor `layer.N` per layer)."""
    layer: Layer | None = None
    """Block whose output is steered, 0-based (may be left out if the file holds one layer)."""
    prompt: str
    """The text whose continuation is steered."""
    budget: Nats = 0.5
    """How much the next-token law may change: KL(p_alpha, p), in nats."""
    tolerance: Tolerance = 0.01
    """Distance from the local tilt, in nats, up to which the theory counts as valid."""
    words: InputFile | None = None
    """Text file of a concept's words, whose probability is shown."""
    dtype: Dtype = "float32"
    """Compute in float32, bfloat16 or float64."""
    json: bool = False
    """Print JSON alone."""

    def __call__(self) -> int:
        from real_models import load_model
        from steerlaw.inputs.concept_files import one_vector, read_words, word_tokens
        from steerlaw.results.choosing import choose

        layer, vector = one_vector(self.vector, self.layer)
        words = None if self.words is None else read_words(self.words)
        with phase("reading the model and steering it"):
            model = load_model(self.model, dtype=self.dtype)
            concept = None if words is None else word_tokens(model, words)
            choice = choose(
                model,
                self.prompt,
                layer=layer,
                vector=vector,
                budget=self.budget,
                tolerance=self.tolerance,
                concept=concept,
            )
        if self.json:
            print_json({"model": model.name, "layer": layer, **choice.to_json()})
        else:
            _print(choice, lambda token: model.tokenizer.decode([token]), layer)
        return 0


def _print(choice, text, layer: int) -> None:
    from steerlaw.rendering.console import Column, console, print_table

    def strength(alpha: float) -> str:
        return "never" if alpha == float("inf") else f"{alpha:.4g}"

    rows = []
    alphas = {"unsteered": 0.0, "predicted": choice.predicted, "measured": choice.measured}
    spent = {"unsteered": "0", "predicted": "" if choice.spent is None else f"{choice.spent:.3g}"}
    for n, (name, alpha) in enumerate(alphas.items()):
        share = "" if choice.concept is None or choice.concept[n] is None else f"{choice.concept[n]:.3g}"
        cost = spent.get(name, "" if alpha == float("inf") else f"{choice.budget:.3g}")
        leading = " ".join(repr(text(token)) for token in choice.leading.get(name, ()))
        rows.append([name, strength(alpha), cost, *([share] if choice.concept else []), leading])
    columns = [Column(""), Column("strength", right=True), Column("nats spent", right=True)]
    columns += [Column("concept", right=True)] if choice.concept else []
    print_table(
        f"A budget of {choice.budget:g} nats of KL(p_alpha, p), steering block {layer}",
        [*columns, Column("leading tokens", wrap=True)],
        rows,
    )
    out = console()
    if choice.measured == float("inf"):
        out.print(f"The model does not spend the budget at any strength up to {choice.searched:.4g}.")
    reach = "every strength" if choice.valid_to == float("inf") else f"strength {choice.valid_to:.4g}"
    trusted = "predicted" if choice.valid_to >= choice.predicted else "measured"
    out.print(f"Up to {reach} the model is within {choice.tolerance:g} nats of its tilt: trust the {trusted} strength.")
