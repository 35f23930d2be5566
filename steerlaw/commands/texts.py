"""`steerlaw texts`: a score of whole texts against the strength."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steerlaw.commands.options import Dtype, InputFile, Layer, Level, OutputFile, Seed, Several, Strength, Strengths
from steerlaw.rendering.console import print_json, say
from steerlaw.rendering.progress import phase, progress_bar

if TYPE_CHECKING:
    from real_models import LanguageModel, TextCurve
    from steerlaw.inputs.swept_texts import SweptTexts

TEXT_STRENGTHS = "-1:1:9"
NEEDED = {"model": "the checkpoint", "vector": "the steering vectors", "prompts": "what the texts continue"}


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Draw texts under steering at few strengths, and score them against the strength, at every one of the grid.

    The texts of a few strengths, chosen by how far steering moves them, are reweighted to all others; each curve has a
    simultaneous band, and says where it has too few texts. OUT keeps the texts, so that they can be scored anew. What
    was drawn lies in OUT.parts until all is there: a run that was killed goes on where it stopped.
    """

    model: str | None = None
    """Checkpoint directory or hub id."""
    vector: InputFile | None = None
    """Steering vectors (safetensors, or any format that `steerlaw convert` reads)."""
    layer: Layer | None = None
    """Block whose output is steered, 0-based (may be left out if the file holds one layer)."""
    prompts: InputFile | None = None
    """Prompts that the texts continue: .txt, one a line, or JSONL rows {"text": ...}."""
    rescore: InputFile | None = None
    """A file that this command wrote, whose texts are scored anew; it needs no model."""
    score: str = "loops"
    """capitals, compression, distinct-1, distinct-2, length, loops, repeated or perplexity (unsteered)."""
    words: InputFile | None = None
    """Text file of words: scored is whether any of them occurs."""
    judge: str | None = None
    """A judge, a checkpoint or, with --judge-url, the name of a model there: scored is whether it answers yes."""
    judge_url: str | None = None
    """OpenAI-compatible endpoint, such as http://localhost:8000/v1; its answers are kept beside OUT."""
    question: str | None = None
    """What the judge is asked, with {text} where the text goes."""
    strengths: Strengths = TEXT_STRENGTHS
    """Grid of strengths START:STOP:COUNT."""
    tokens: Several = 48
    """Tokens of a text at most."""
    samples: Several = 64
    """Texts per prompt, over all strengths at which texts are drawn."""
    temperature: Strength = 1.0
    """Of the distribution that tokens are drawn from."""
    level: Level = 0.05
    """How often the band may miss the curve somewhere."""
    seed: Seed = 0
    """Of the random numbers."""
    out: OutputFile = Path("texts.nc")
    """The file to write."""
    dtype: Dtype = "float32"
    """Compute in float32, bfloat16 or float64."""
    json: bool = False
    """Print JSON alone."""

    def __call__(self) -> int:
        score, score_all = self._score()
        swept, notes = self._again(score, score_all) if self.rescore else self._drawn(score, score_all)
        show(swept, self.out, notes, json=self.json)
        return 0

    def _called(self) -> str:
        """The name of the score."""
        return "words" if self.words else self.judge or self.score

    def _score(self) -> tuple[Any, Callable[[Sequence[str]], Any] | None]:
        """A score of one text, or of all at once."""
        from real_models.scores.judgement import Question
        from real_models.scores.words import has_word
        from steerlaw.inputs.concept_files import read_words

        if (self.judge is None) != (self.question is None) or (self.judge_url and self.judge is None):
            raise ValueError("expected --judge and --question together, and --judge-url only with them")
        if self.words is not None:
            if self.judge is not None:
                raise ValueError("expected one score: --words or --judge")
            return has_word(read_words(self.words)), None
        if self.judge is None or self.question is None:
            return self.score, None
        Question(wording=self.question)
        return None, self._judged

    def _judged(self, texts: Sequence[str]) -> Any:
        from functools import partial

        from real_models import load_model
        from steerlaw.experiments.texts.scoring import judged

        keep = self.out.with_name(f"{self.out.name}.answers.jsonl")
        load = partial(load_model, dtype=self.dtype)
        return judged(str(self.question), str(self.judge), self.judge_url, texts, load=load, keep=keep)

    def _drawn(self, score: Any, score_all: Any) -> tuple["SweptTexts", list[str]]:
        from numerics.observing.grids import parse, with_zero
        from real_models import load_model
        from real_models.texts.prompts import read_prompt_texts
        from steerlaw.experiments.texts.to_file import TextRequest, texts_to_file
        from steerlaw.inputs.concept_files import one_vector

        for option, what in NEEDED.items():
            if getattr(self, option) is None:
                raise ValueError(f"--{option}: needed, {what}; or --rescore a file of texts")
        assert self.model is not None
        assert self.vector is not None
        assert self.prompts is not None
        strengths, inserted = with_zero(parse(self.strengths))
        layer, vector = one_vector(self.vector, self.layer)
        request = TextRequest(
            checkpoint=self.model,
            layer=layer,
            vector=vector,
            prompts=read_prompt_texts(self.prompts),
            strengths=strengths,
            tokens=self.tokens,
            samples=self.samples,
            seed=self.seed,
            temperature=self.temperature,
            level=self.level,
            dtype=self.dtype,
            predicted=True,
        )
        with progress_bar() as progress:
            task = progress.add_task("reading the model", total=None)
            model: LanguageModel = load_model(self.model, dtype=self.dtype)
            progress.update(task, description="drawing and scoring texts")

            def told(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            how = {"score_all": score_all, "called": self._called()}
            swept = texts_to_file(request, model, score, self.out, told, **how)
        return swept, ["0 was inserted into the strengths: divergences are from there"] if inserted else []

    def _again(self, score: Any, score_all: Any) -> tuple["SweptTexts", list[str]]:
        from numerics.files.alone import alone
        from numerics.files.atomic import replacing
        from real_models.text_curves.saving import read_prediction, read_text_curve, write_texts
        from steerlaw.experiments.texts.to_file import scored_together
        from steerlaw.inputs.swept_texts import swept_texts

        assert self.rescore is not None
        with phase("scoring the texts anew"), alone(self.out):
            (curve, attributes), known = read_text_curve(self.rescore), read_prediction(self.rescore)
            curve, predicted = scored_together(curve, known and known[0], score, score_all, self.level)
            rest = {name: value for name, value in attributes.items() if name not in ("format", "level", "rounding")}
            about = rest | {"score": self._called()}
            with replacing(self.out) as temporary:
                write_texts(temporary, curve, predicted, **about)
        return swept_texts(curve, predicted, about), []


def show(swept: "SweptTexts", out: Path, notes: list[str], *, json: bool) -> None:
    """What was drawn and what it shows, printed."""
    from steerlaw.results.whole_texts import text_rows

    (row,) = text_rows([swept])
    told = summary(swept.curve, swept.score, out, notes) | {"whole_texts": row.to_json()}
    if json:
        print_json(told)
    else:
        _print(told)
        say(row.say())


def summary(curve: "TextCurve", score: str, out: Path, notes: list[str]) -> dict[str, Any]:
    """What was found, strength by strength; a bound that is infinite is null."""
    from math import isfinite

    def number(value: float) -> float | None:
        return float(value) if isfinite(value) else None

    names = ("strengths", "values", "lower", "upper", "effective", "mean_weight")
    rows = [
        {name.removesuffix("s"): number(getattr(curve, name)[i]) for name in names}
        | {"reliable": bool(curve.reliable[i]), "nats": number(curve.nats.values[i])}
        for i in range(len(curve.strengths))
    ]
    if (strength := curve.sample_next) is not None:
        notes = [*notes, f"too few texts resemble those of strength {strength:g}: draw more, or a narrower grid"]
    return {
        "out": str(out),
        "score": score,
        "texts": len(curve.texts),
        "missing": int((curve.scores != curve.scores).sum()),
        "sampled_at": curve.sampled_at.tolist(),
        "sample_next": curve.sample_next,
        "level": curve.level,
        "curve": rows,
        "notes": notes,
    }


def _print(told: dict[str, Any]) -> None:
    from steerlaw.rendering.console import Column, print_table

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.4g}"

    columns = ["strength", "value", "lower", "upper", "nats a text", "effective texts", "mean weight"]
    keys = ["strength", "value", "lower", "upper", "nats", "effective", "mean_weight"]
    print_table(
        f"{told['score']}, mean of {told['texts']} texts drawn at {len(told['sampled_at'])} strengths",
        [Column(title, right=True, drop=drop) for title, drop in zip(columns, (0, 0, 0, 0, 1, 2, 3), strict=True)],
        [[number(row[key]) for key in keys] for row in told["curve"]],
    )
    if told["missing"]:
        say(f"{told['missing']} of {told['texts']} texts have no score: they widen the band")
    say(*told["notes"], f"the texts are in {told['out']}")
