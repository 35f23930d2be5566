"""`steerlaw eval`: accuracy on tasks against the strength."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from steerlaw.commands.options import (
    AnyNumber,
    Dtype,
    InputFile,
    Layer,
    Level,
    OutputFile,
    Several,
    Strengths,
)
from steerlaw.rendering.console import Column, print_json, print_table, say
from steerlaw.rendering.progress import progress_bar


def task_names(text: str) -> None:
    """Names of tasks, separated by commas."""
    if not all(name.strip() for name in text.split(",")):
        raise ValueError(f"expected names of tasks separated by commas, got {text!r}")


@dataclass(frozen=True, kw_only=True)
class Eval:
    """Measure accuracy on tasks of lm-evaluation-harness against the strength (extra `eval`).

    Questions with given answers are asked: the likeliest answer counts. All strengths are computed at once, the blocks
    before the steered one a single time. OUT holds scores by task and over all questions, and bounds for the change
    from strength 0, each question beside itself unsteered. A task file may name Python functions, which are run: use
    only those that you trust.
    """

    model: str
    """Checkpoint directory or hub id."""
    vector: InputFile
    """Steering vectors (safetensors, or any format that `steerlaw convert` reads)."""
    layer: Layer | None = None
    """Block whose output is steered, 0-based (may be left out if the file holds one layer)."""
    tasks: Annotated[str, task_names]
    """Tasks, groups or tags, separated by commas, such as mmlu."""
    task_files: InputFile | None = None
    """Directory of task files (YAML) of your own; their data files are found beside them."""
    strengths: Strengths = "-10:10:41"
    """Grid of strengths START:STOP:COUNT."""
    shots: AnyNumber | None = None
    """Examples that are shown before each question (default: as the task has it)."""
    limit: Several | None = None
    """Questions of a task at most."""
    metric: str = "acc"
    """Which metric of the tasks: acc, acc_norm or another that is 0 or 1 a question."""
    level: Level = 0.05
    """How often the bounds may miss the change at some strength."""
    out: OutputFile = Path("ability.json")
    """The file to write."""
    dtype: Dtype = "float32"
    """Compute in float32, bfloat16 or float64."""
    json: bool = False
    """Print what was written as JSON alone."""

    def __call__(self) -> int:
        from numerics.files.alone import alone
        from numerics.observing.grids import parse, with_zero
        from real_models import load_model
        from real_models.ability.tasks import measure_ability
        from steerlaw.exports.ability import ability_document, write_ability
        from steerlaw.inputs.concept_files import one_vector

        if self.task_files is not None and not self.task_files.is_dir():
            raise NotADirectoryError(f"--task-files: {self.task_files} is a file, expected the directory that it is in")
        strengths, inserted = with_zero(parse(self.strengths))
        layer, vector = one_vector(self.vector, self.layer)
        with alone(self.out), progress_bar() as progress:
            task = progress.add_task("reading the model", total=None)
            model = load_model(self.model, dtype=self.dtype)
            progress.update(task, description="asking")

            def told(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            ability = measure_ability(
                model,
                [name.strip() for name in self.tasks.split(",")],
                strengths,
                layer=layer,
                vector=vector,
                task_files=self.task_files,
                shots=self.shots,
                limit=self.limit,
                metric=self.metric,
                progress=told,
            )
            document = ability_document(ability, self.level, model=model.name, layer=layer, dtype=self.dtype)
            write_ability(self.out, document)
        notes = ["0 was inserted into the strengths: changes are counted from there"] if inserted else []
        if self.json:
            print_json({"out": str(self.out), **document, "notes": notes})
        else:
            _print(document, self.out, notes)
        return 0


def _print(document: dict[str, Any], out: Path, notes: list[str]) -> None:
    names = ("alphas", "overall_scores", "change_lower", "change_upper")
    scores = document["task_scores"] if len(document["task_scores"]) > 1 else {}
    columns = ["strength", document["metric"], "change, from", "to", *scores]
    rows = zip(*(document[name] for name in names), *scores.values(), strict=True)
    print_table(
        f"{document['model']}, block {document['layer']}: {sum(document['questions'].values())} questions",
        [Column(title, right=True, drop=max(0, n - 3)) for n, title in enumerate(columns)],
        [[f"{value:.4g}" for value in row] for row in rows],
    )
    say(*notes, f"written to {out}")
