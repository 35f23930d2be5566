"""`steerlaw choose`: the strength for one prompt."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steerlaw.commands.options import Dtype, InputFile, Layer, Nats, Tolerance
from steerlaw.rendering.console import print_json
from steerlaw.rendering.progress import phase

if TYPE_CHECKING:
    from steerlaw.results.choice import Choice


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
    """How much the next token's distribution may change: KL(p_alpha, p), in nats."""
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

        def text(token: int) -> str:
            return model.tokenizer.decode([token])

        if self.json:
            print_json({"model": model.name, "layer": layer, **choice.to_json(text)})
        else:
            _print(choice, text, layer)
        return 0


def _print(choice: "Choice", text: Callable[[int], str], layer: int) -> None:
    from steerlaw.rendering.console import Column, console, print_table

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.4g}"

    spent = {"unsteered": 0.0, "predicted": choice.spent, "measured": choice.budget}
    shares = dict(zip(choice.strengths, choice.concept or (), strict=False))
    rows = []
    for name, alpha in choice.strengths.items():
        reached = alpha != float("inf")
        units = list(choice.units(alpha).values())
        strengths = [number(units[0]) if reached else "never", *map(number, units[1:])]
        leading = " ".join(repr(text(token)) for token in choice.leading.get(name, ()))
        share = [number(shares[name])] if choice.concept else []
        rows.append([name, *strengths, number(spent[name] if reached else None), *share, leading])
    titles = ["nats spent", *(["concept"] if choice.concept else [])]
    units = [Column(title, right=True, drop=drop) for title, drop in zip(choice.units(0.0), (0, 2, 1), strict=True)]
    print_table(
        f"A budget of {choice.budget:g} nats of KL(p_alpha, p), steering block {layer}",
        [Column(""), *units, *(Column(title, right=True) for title in titles), Column("leading tokens", wrap=True)],
        rows,
    )
    console().print(choice.say())
