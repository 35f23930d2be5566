"""`steerlaw sweep`: observed curves, kept in a file."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from steerlaw.commands.options import (
    AnyNumber,
    Dtype,
    InputFile,
    Layer,
    OutputFile,
    Seed,
    Several,
    Strengths,
    TokensInBlock,
    take_renamed,
)
from steerlaw.rendering.console import print_json, say
from steerlaw.rendering.progress import progress_bar

OBSERVED = ("next-token", "cross-entropy", "self-cross-entropy", "concept", "log-odds", "texts")
TEXT = {"cross-entropy", "self-cross-entropy"}
NEEDED = {
    "cross-entropy": ("text", "the text it is measured on"),
    "self-cross-entropy": ("text", "the text it is measured on"),
    "concept": ("words", "the concept's target words"),
    "log-odds": ("log_odds_prompts", "the prompts they are measured on"),
}


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Observe a steered model over a grid of strengths and keep the curves, for `steerlaw verify` and for yourself.

    The next token's curves, or cross-entropy where it alone is observed, are at the root of the netCDF file; what else
    is observed is a group named by its kind. The next token comes with the limits of large strengths. The work is done
    in parts that lie in OUT.parts until all are there: a run that was killed goes on where it stopped when it is
    started again.
    """

    model: str
    """Checkpoint directory or hub id."""
    vector: InputFile
    """Steering vectors (safetensors, or any format that `steerlaw convert` reads)."""
    layer: Layer | None = None
    """Block whose output is steered, 0-based (may be left out if the file holds one layer)."""
    contexts: InputFile
    """JSONL of contexts: a row {"negative": [...]} and one row {CONCEPT: [...]} per concept; or .txt, one a line."""
    observe: str = "next-token"
    """Comma-separated: next-token, cross-entropy (with --text), self-cross-entropy (of the model's own unsteered
    distributions after the text, not of its tokens: its change is a divergence), concept (the next token's, with
    --words), log-odds (measured, with --log-odds-prompts; otherwise the derivative at strength 0). Or texts, by
    themselves: whole texts after the contexts, as `steerlaw texts` draws them, scored by their share of --words or by
    what they repeat."""
    concept: str | None = None
    """Which concept of the files to use, where they hold several."""
    log_odds_prompts: InputFile | None = None
    """JSONL of prompts that measure the log-odds (rows concept, kind, text), or the reference's directory of them."""
    words: InputFile | None = None
    """Text file of the concept's target words, fixed before the sweep."""
    text: InputFile | None = None
    """Text to measure cross-entropy on: .txt, .jsonl with rows {"text": ...}, or .parquet with a column text."""
    segments: Several = 64
    """How many segments of the text to use at most."""
    segment_tokens: TokensInBlock = 128
    """Tokens in a segment; the last of each document may be shorter."""
    like: Literal["reference"] | None = None
    """Measure as the paper's code does: cross-entropy on whole spans of 128 tokens (no beginning-of-text token, an end
    token after each document, tails dropped), log-odds after the first 100 tokens of each prompt; and write its files,
    too, into a directory beside OUT, S.reference for S.nc."""
    positions: Literal["all", "last"] = "all"
    """Positions of the contexts that are steered: all, or the last only, of which no limit is known."""
    strengths: Strengths | None = None
    """Grid of strengths START:STOP:COUNT (default: 257 strengths, as wide as the layer's residual allows)."""
    tables: bool = True
    """Keep tables of the next token: the chosen tokens at every strength, and all in summary. Without them the curves
    alone are kept, many times smaller, and `steerlaw verify` reads off them what it needs."""
    tokens: Several = 48
    """Of --observe texts: tokens of a text at most."""
    samples: Several = 64
    """Of --observe texts: texts per context, over all strengths at which texts are drawn."""
    seed: Seed = 0
    """Of --observe texts: seed of the random numbers."""
    out: OutputFile = Path("sweep.nc")
    """The file to write."""
    dtype: Dtype = "float32"
    """Compute in float32, bfloat16 or float64."""
    json: bool = False
    """Print what was written as JSON alone."""
    blocks: Several | None = None
    """Renamed --segments."""
    block_tokens: TokensInBlock | None = None
    """Renamed --segment-tokens."""
    prompts: InputFile | None = None
    """Renamed --log-odds-prompts."""
    slope_every: AnyNumber | None = None
    """Does nothing any more: slopes are known at every strength."""
    derivatives: AnyNumber | None = None
    """Does nothing any more: slopes are known at every strength."""

    def __post_init__(self) -> None:
        for name in ("slope_every", "derivatives"):
            if getattr(self, name) is not None:
                option = f"--{name.replace('_', '-')}"
                warnings.warn(f"{option} does nothing any more; the next version refuses it", FutureWarning, 2)
        take_renamed(self, blocks="segments", block_tokens="segment_tokens", prompts="log_odds_prompts")

    def __call__(self) -> int:
        from numerics.observing.grids import parse, with_zero
        from real_models.texts.reference import PROMPT_TOKENS
        from real_models.texts.segments import read_documents
        from steerlaw.experiments.experiment import Grid
        from steerlaw.experiments.sweeping import SweepRequest, sweep_to_file
        from steerlaw.inputs.concept_files import one_vector, read_concept

        observed = self._observed()
        if "texts" in observed:
            return self._texts()
        strengths, inserted = (None, False) if self.strengths is None else with_zero(parse(self.strengths))
        layer, vector = one_vector(self.vector, self.layer)
        request = SweepRequest(
            checkpoint=self.model,
            inputs=read_concept(
                {layer: vector},
                self.contexts,
                prompts=self.log_odds_prompts,
                words=self.words,
                concept=self.concept,
                prompt_tokens=PROMPT_TOKENS if self.like else None,
            ),
            grid=Grid(strengths=strengths),
            documents=None if self.text is None else read_documents(self.text),
            segments=self.segments,
            segment_tokens=self.segment_tokens,
            like=self.like,
            next_token=bool(observed & {"next-token", "concept"}) or not observed & TEXT,
            own="self-cross-entropy" in observed,
            tables=self.tables,
            dtype=self.dtype,
            positions=self.positions,
        )
        with progress_bar() as progress:
            swept = sweep_to_file(request, self.out, progress)
        notes = self._exported(swept) if self.like == "reference" else []
        notes += ["0 was inserted into the strengths: changes are counted from there"] if inserted else []
        told = summary(swept, self.out, notes)
        if self.json:
            print_json(told)
        else:
            _print(told)
        return 0

    def _texts(self) -> int:
        """Whole texts after the contexts, to the file that `steerlaw texts` writes."""
        from numerics.observing.grids import parse, with_zero
        from real_models import load_model
        from real_models.scores.words import share_of_words
        from steerlaw.commands.texts import TEXT_STRENGTHS, show
        from steerlaw.experiments.texts.to_file import TextRequest, texts_to_file
        from steerlaw.inputs.concept_files import one_vector, read_concept

        strengths, inserted = with_zero(parse(self.strengths or TEXT_STRENGTHS))
        layer, vector = one_vector(self.vector, self.layer)
        inputs = read_concept({layer: vector}, self.contexts, words=self.words, concept=self.concept)
        request = TextRequest(
            checkpoint=self.model,
            layer=layer,
            vector=vector,
            prompts=inputs.contexts,
            strengths=strengths,
            tokens=self.tokens,
            samples=self.samples,
            seed=self.seed,
            dtype=self.dtype,
            predicted=True,
            concept=inputs.name,
        )
        score = "repeated" if inputs.words is None else share_of_words(inputs.words, any_case=False)
        called = "repeated words" if inputs.words is None else "target words"
        with progress_bar() as progress:
            task = progress.add_task("drawing and scoring texts", total=None)

            def told(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            model = load_model(self.model, dtype=self.dtype)
            swept = texts_to_file(request, model, score, self.out, told, called=called)
        notes = ["0 was inserted into the strengths: divergences are from there"] if inserted else []
        show(swept, self.out, notes, json=self.json)
        return 0

    def _exported(self, swept: Any) -> list[str]:
        """The files of the paper's code; what to say of them."""
        from steerlaw.exports.reference import write_observation

        directory = self.out.with_name(f"{self.out.stem}.reference")
        written = [
            path for one in swept.observations for path in write_observation(one, directory, positions=self.positions)
        ]
        return [f"{len(written)} files in the layout of the paper's code are in {directory}"]

    def _observed(self) -> set[str]:
        """The kinds named by --observe, each with what it needs and nothing that none of them needs."""
        named = {name.strip() for name in self.observe.split(",")}
        if unknown := sorted(named - set(OBSERVED)):
            raise ValueError(f"--observe: expected one or more of {', '.join(OBSERVED)}, got {unknown[0]!r}")
        if "texts" in named:
            return self._texts_alone(named)
        if named >= TEXT:
            raise ValueError(f"--observe: expected one of {' and '.join(sorted(TEXT))} in a file, got both")
        for name, (option, what) in NEEDED.items():
            given, option = getattr(self, option) is not None, option.replace("_", "-")
            if name in named and not given:
                raise ValueError(f"--observe {name}: needs --{option}, {what}")
            if given and not named & {each for each in NEEDED if NEEDED[each] == NEEDED[name]}:
                raise ValueError(f"--{option}: is for --observe {name}, which was not asked for")
        return named

    def _texts_alone(self, named: set[str]) -> set[str]:
        """Whole texts are a sweep of their own, with nothing that others need."""
        if len(named) > 1:
            raise ValueError("--observe texts: is a sweep of its own; sweep the others into another --out")
        others = {"text": self.text, "log-odds-prompts": self.log_odds_prompts, "like": self.like}
        if given := [name for name, value in others.items() if value is not None]:
            raise ValueError(f"--{given[0]}: is not for --observe texts")
        if self.positions != "all":
            raise ValueError("--positions last: texts are steered at every position; leave it out")
        return named


def summary(swept: Any, out: Path, notes: list[str]) -> dict[str, Any]:
    """What was observed, where, how much of it, how far and how exactly; `notes` and more lines to read."""
    first, notes = swept.observations[0], [*notes]
    subject, found = first.subject, []
    for observation in swept.observations:
        data, strengths = observation.sweep.data, observation.sweep.strengths
        sizes = {f"{name}s": int(data.sizes[name]) for name in ("context", "segment", "token") if name in data.sizes}
        if (nodes := observation.sweep.nodes) is not None:
            sizes = {"contexts": int(nodes.sizes["curve"])} | sizes
        reach = [float(strengths[0]), float(strengths[-1])]
        found.append(
            {
                "kind": observation.kind,
                "group": None if observation is first else observation.kind,
                **sizes,
                "strengths": len(strengths),
                "from": reach[0],
                "to": reach[1],
                "push": [alpha * subject.push for alpha in reach],
            }
        )
        if observation.kind == "cross-entropy" and observation.baseline is None:
            notes.append("too much text to keep its unsteered distributions: claims that need them will not be judged")
    if swept.taken_up:
        notes.append(f"{swept.taken_up} parts of an earlier run were taken up")
    return {
        "out": str(out),
        "bytes": out.stat().st_size,
        "model": subject.name,
        "layer": subject.layer,
        "concept": subject.concept,
        "dtype": first.sweep.attributes["dtype"],
        "rounding": swept.rounding,
        "observed": found,
        "notes": notes,
    }


def _print(told: dict[str, Any]) -> None:
    say(f"{told['out']}: {told['model']}, block {told['layer']}, {told['concept']}; {told['bytes'] / 1e6:.1f} MB")
    for one in told["observed"]:
        sizes = [f"{one[name]} {name}" for name in ("contexts", "segments", "tokens") if name in one]
        low, high = one["push"]
        say(
            f"{one['kind']}: {', '.join(sizes)}, {one['strengths']} strengths from {one['from']:.4g} to {one['to']:.4g}"
            f" (alpha|v|/|h| from {low:.3g} to {high:.3g})"
        )
    say(f"rounding factor {told['rounding']:.3g} of {told['dtype']}")
    say(*told["notes"])
