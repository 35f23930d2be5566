"""`steerlaw guide`: from a checkpoint and two files of texts to a strength."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steerlaw.commands.options import Dtype, InputFile, Level, Nats, OutputDirectory
from steerlaw.rendering.console import Column, console, print_json, print_table, say
from steerlaw.rendering.progress import progress_bar

if TYPE_CHECKING:
    from steerlaw.guiding.answer import Answer


@dataclass(frozen=True, kw_only=True)
class Guide:
    """From a checkpoint and two files of texts to a block, a strength, a page and settings to paste.

    Steering vectors at every block are differences of means of the two files' texts. The blocks are compared before
    anything is steered: by how well the vector tells texts apart that it was not made of, by how much of the concept a
    budget buys, and by whether random directions would do as well. The strength is then measured at the best block, for
    all prompts together. A run that was left half-way goes on where it stopped.

    OUT gets guide.html, guide.json, vector.safetensors (all blocks) and, for llama.cpp, repeng and vLLM, vector.gguf.
    """

    model: str
    """Checkpoint directory or hub id."""
    positive: InputFile
    """JSONL or .txt with the texts that show the concept, as for `steerlaw vector`."""
    negative: InputFile
    """JSONL or .txt with the texts that do not."""
    prompts: InputFile | None = None
    """JSONL or .txt of prompts to steer (default: the beginnings of 12 texts without the concept)."""
    words: InputFile | None = None
    """Text file of the concept's words (default: the tokens that its texts use and the others do not)."""
    concept: str | None = None
    """Which concept's rows of the files to use, where the rows say theirs (default: all)."""
    budget: Nats = 0.5
    """How much the next token's distribution may change: KL(p_alpha, p), in nats. 0.1 is hardly seen, 0.5 changes about
    every third token, at 2 little of the model's own choice is left."""
    risk: Level = 0.1
    """The share of prompts that may overspend the budget."""
    out: OutputDirectory = Path("steerlaw-guide")
    """Directory for the page, the vectors and what the run has found so far."""
    dtype: Dtype = "float32"
    """Compute in float32, bfloat16 or float64."""
    json: bool = False
    """Print the answer as JSON alone."""

    def __call__(self) -> int:
        from real_models import load_model, read_texts
        from steerlaw.experiments.kept import content, environment
        from steerlaw.experiments.parts import digest
        from steerlaw.guiding.guide import Request, guide
        from steerlaw.guiding.steps import Steps
        from steerlaw.inputs.concept_files import read_words
        from steerlaw.rendering.guide_page import write_guide

        asked = Request(
            positive=read_texts(self.positive, "positive", self.concept),
            negative=read_texts(self.negative, "negative", self.concept),
            prompts=read_texts(self.prompts, "negative") if self.prompts else (),
            words=read_words(self.words) if self.words else None,
            budget=self.budget,
            risk=self.risk,
        )
        with _alone(self.out), progress_bar() as progress:
            task = progress.add_task("reading the model", total=None)

            def tell(what: str, done: int, total: int) -> None:
                progress.update(task, description=what, completed=done, total=total)

            model = load_model(self.model, dtype=self.dtype)
            made_from = digest(environment(), *content(model, "model"), *content(asked, "request"))
            answer, vectors = guide(model, asked, Steps(directory=self.out / "steps", made_from=made_from), tell)
            notes = write_guide(answer, vectors, self.out, model_hint=model.spec.family)
        if self.json:
            print_json({"out": str(self.out), **answer.to_json(), "notes": notes})
        else:
            _print(answer)
            for one in answer.continuations:
                say(f"alpha = {one.strength:.4g}: {one.prompt} [...] {one.text}")
            say(*notes, f"{self.out / 'guide.html'}: the page, with settings to paste")
            console().print("", *answer.lines, sep="\n")
        return 0


def _alone(out: Path) -> Any:
    from numerics.files.alone import alone

    return alone(out / "guide.json")


def _print(answer: "Answer") -> None:
    print_table(
        f"{answer.model}: blocks, the best first",
        [
            Column("block", right=True),
            Column("held-out", right=True, drop=1),
            Column("gain", right=True),
            Column("push", right=True, drop=2),
            Column("beats random", right=True, drop=3),
            Column("why", wrap=True),
        ],
        [
            [
                str(block.layer),
                f"{block.separation:.0%}",
                f"{block.gain:+.2f}",
                "" if block.push is None else f"{block.push:.2g}",
                f"{block.beats_directions:.0%}",
                block.why,
            ]
            for block in answer.blocks
        ],
    )
