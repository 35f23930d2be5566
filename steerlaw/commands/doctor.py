"""`steerlaw doctor`: is the steered model what it claims to be?"""

from dataclasses import asdict, dataclass

from steerlaw.commands.options import Dtype, InputFile, Layer, Strength
from steerlaw.rendering.console import print_json
from steerlaw.rendering.progress import phase

MARKS = {True: ("ok", "green"), False: ("wrong", "red"), None: ("-", "dim")}


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Check a model and a vector: strength 0, sign, layer convention, every position steered, alpha |v|/|h|, dtype.

    Exit status 1 if a check fails.
    """

    model: str
    """Checkpoint directory or hub id."""
    vector: InputFile
    """Steering vectors (safetensors, or any format that `steerlaw convert` reads)."""
    layer: Layer | None = None
    """Block whose output is steered, 0-based (may be left out if the file holds one layer)."""
    prompt: str = "The quick brown fox jumps over the lazy dog."
    """The text on which the model is checked."""
    positive: InputFile | None = None
    """Texts that show the concept, as for `steerlaw vector`: with them and those of --negative, the sign and the layer
    convention of the vector are checked."""
    negative: InputFile | None = None
    """Texts that do not."""
    prompts: InputFile | None = None
    """Both in one file, as for `steerlaw sweep`."""
    concept: str | None = None
    """Which concept's rows of the texts to use, where they say theirs (default: all)."""
    strength: Strength = 1.0
    """Strength of the checks that steer."""
    dtype: Dtype = "float32"
    """Compute in float32, bfloat16 or float64."""
    json: bool = False
    """Print JSON alone."""

    def __call__(self) -> int:
        from real_models import load_model
        from real_models.vectors.doctor import examine
        from steerlaw.inputs.concept_files import one_vector

        layer, vector = one_vector(self.vector, self.layer)
        positive, negative = self._texts()
        with phase("reading the model and steering it"):
            model = load_model(self.model, dtype=self.dtype)
            checks = examine(
                model,
                self.prompt,
                layer,
                vector,
                positive=positive,
                negative=negative,
                strength=self.strength,
            )
        if self.json:
            print_json([asdict(check) for check in checks])
        else:
            from steerlaw.rendering.console import Column, print_table, styled

            print_table(
                f"{model.name}, block {layer}",
                [Column("check"), Column(""), Column("what was found", wrap=True)],
                [[check.name, styled(*MARKS[check.ok]), check.detail] for check in checks],
            )
        return int(any(check.ok is False for check in checks))

    def _texts(self) -> tuple[list[str], list[str]]:
        """Texts with the concept and without, or none of either."""
        from real_models import read_texts
        from steerlaw.inputs.concept_files import read_pair

        given = self.positive, self.negative
        if (self.positive is None) != (self.negative is None) or (self.prompts and any(given)):
            raise ValueError("expected --positive and --negative, both or neither, or else --prompts with both kinds")
        if self.prompts:
            return read_pair(self.prompts, self.concept)
        if self.positive is None or self.negative is None:
            return [], []
        return read_texts(self.positive, "positive", self.concept), read_texts(self.negative, "negative", self.concept)
