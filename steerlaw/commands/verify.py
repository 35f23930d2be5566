"""`steerlaw verify`: the main job."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

import tyro

from steerlaw.commands.options import (
    AnyNumber,
    Directions,
    Dtype,
    InputFile,
    Laws,
    Layer,
    Level,
    OutputDirectory,
    Seed,
    Strengths,
    ToleranceOrShare,
    take_renamed,
    there_or_on_the_hub,
)
from steerlaw.rendering.console import complain, print_json
from steerlaw.rendering.progress import progress_bar


@dataclass(frozen=True, kw_only=True)
class Verify:
    """Check every derivation, sweep the models, compare, and write the report.

    Without a TARGET: the embedded models (toy models whose law is known, and the small language model that ships with
    steerlaw). A TARGET is a checkpoint directory or hub id (with --vector, --layer, --contexts), a saved sweep (.nc),
    whole texts (the .nc of `steerlaw texts`), a curve (.csv with columns strength,value[,lower,upper], and --laws), or
    the reference implementation's results (a .npz or .json file, or a directory of them).
    """

    targets: Annotated[
        tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[TARGET ...]"), there_or_on_the_hub
    ] = ()
    """What to verify; nothing means the embedded models."""
    laws: Laws | None = None
    """Comma-separated ids of the laws to check (all by default)."""
    out: OutputDirectory = Path("steerlaw-report")
    """Directory for report.json, report.html and figures/."""
    vector: InputFile | None = None
    """Steering vectors of a checkpoint TARGET (safetensors, or any format that `steerlaw convert` reads)."""
    layer: Layer | None = None
    """Block whose output is steered, 0-based (default: every layer in the vector file)."""
    contexts: InputFile | None = None
    """JSONL of contexts: a row {"negative": [...]} and one row {CONCEPT: [...]} per concept."""
    log_odds_prompts: InputFile | None = None
    """JSONL of prompts that measure the log-odds (rows concept, kind, text); default: the derivative at strength 0."""
    concept: str | None = None
    """Which concept of the files to use, where they hold several."""
    words: InputFile | None = None
    """Text file of the concept's target words, fixed before the sweep."""
    strengths: Strengths | None = None
    """Grid of strengths START:STOP:COUNT (default: as wide as the layer's residual allows, 97
    strengths, and between them as many more as the curves need)."""
    tolerance: ToleranceOrShare | None = None
    """Departure up to which a law holds: a number in the claim's own unit (1e-3: to rounding), or a share of the
    curve's own movement, such as 5% (default: 0.1 nat, a probability of 0.01, else 5%)."""
    level: Level = 0.05
    """Error level of statistical bands."""
    dtype: Dtype | Literal["tf32"] | None = None
    """Compute in float32 (the default), bfloat16 or float64; of results, what they were computed in: tf32 (the default,
    as the reference implementation allows), float32 or bfloat16."""
    tokenizer: InputFile | None = None
    """Of results: tokenizer.json, or its directory, that gives the words of their tokens."""
    model: str | None = None
    """Of a saved sweep that holds curves but not the unembedding: the checkpoint directory or hub id it was made of."""
    seed: Seed = 0
    """Seed of the controls."""
    directions: Directions = 20
    """Random directions that each vector of a checkpoint is ranked among, and as many differences of contexts; its rank
    can be significant at 5% from 19 on (0: none)."""
    texts: AnyNumber | None = None
    """Whole texts to draw after each context of a language model, steered at its middle block: what unsteered texts
    predict of them beside what is observed (0: none; default: 8 on the embedded model where all laws are asked about,
    else none; 32 take some two minutes there)."""
    reported: bool = False
    """Ask the claims of other papers about strength, too, and print what holds: claim by model by block."""
    pdf: bool = False
    """Draw each figure as PDF, too."""
    strict: bool = False
    """Exit with status 1 if a law departs."""
    controls: bool = False
    """Print the rows of the controls, too: what a law scores with no concept in it."""
    json: bool = False
    """Print the report as JSON alone."""
    prompts: InputFile | None = None
    """Renamed --log-odds-prompts."""

    def __post_init__(self) -> None:
        take_renamed(self, prompts="log_odds_prompts")

    def __call__(self) -> int:
        from numerics.files.alone import alone
        from steerlaw.experiments.kept import kept_beside
        from steerlaw.experiments.targets import TargetOptions
        from steerlaw.rendering.reported import print_reported
        from steerlaw.rendering.table import print_summary
        from steerlaw.results.apart import process_apart
        from steerlaw.verification import verify

        options = TargetOptions(**{field.name: getattr(self, field.name) for field in fields(TargetOptions)})
        with alone(self.out / "report.json"), kept_beside(self.out) as keep:
            with process_apart() as apart, progress_bar() as progress:
                report = verify(
                    self.targets or None,
                    laws=self.laws.split(",") if self.laws else None,
                    options=options,
                    strengths=self.strengths,
                    tolerance=self.tolerance,
                    seed=self.seed,
                    directions=self.directions,
                    reported=self.reported,
                    texts=self.texts,
                    progress=progress,
                    keep=keep,
                    apart=apart,
                )
            notes = report.write(self.out, pdf=self.pdf)
        for note in notes:
            complain(note)
        if self.json:
            print_json(report.to_json())
        else:
            if self.reported:
                print_reported(report.reported)
            print_summary(report, self.out, controls=self.controls)
        if not report.derivations_checked:
            return 1
        return int(self.strict and report.departs)
