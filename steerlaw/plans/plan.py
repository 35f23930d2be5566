"""A plan: what is to be measured for which figure, of which models, concepts and blocks, from which texts.

dtype = "float32"

[texts]                                             # files; {model}, {concept}, {negatives} and {seed} are filled in
positive = "texts/{concept}.jsonl"
negative = "texts/{concept}.{negatives}.jsonl"
contexts = "texts/{concept}.contexts.jsonl"

[models.gpt2]
checkpoint = "openai-community/gpt2"
blocks = {early = 3, middle = 7, last = 11}

[concepts.joy]
question = "Is this text joyful? Answer yes or no. {text}"

[[figures]]
figure = "6"
models = ["gpt2"]
concepts = ["joy"]
layers = ["middle"]
observe = "next-token"
strengths = "0:200:1025"
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from numerics.files.text import read_text
from numerics.observing.grids import parse
from steerlaw.plans.cell import Along, Observed, Positions
from steerlaw.plans.tables import record


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A model's sizes, from which a plan's cost is known before there is a model.

    `mlps` is the number of matrices of a block's MLP, 3 where it is gated, else 2.
    """

    blocks: int
    width: int
    mlp: int
    vocabulary: int
    heads: int
    kv_heads: int
    head_size: int
    mlps: int = 3


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Patterns of files. `positive` and `negative` build vectors, `log_odds` (rows of both kinds) measures log-odds.

    `contexts` are steered from; `text` is what cross-entropy is measured on, `prompts` what sampled texts continue (by
    default the contexts without the concept), `tasks` a directory of task files of lm-evaluation-harness. A path is
    relative to the plan; what begins with `shipped:` is a file of the models that come with steerlaw.
    """

    positive: str
    negative: str
    contexts: str
    log_odds: str | None = None
    text: str | None = None
    prompts: str | None = None
    tasks: str | None = None


@dataclass(frozen=True, kw_only=True)
class Model:
    """A checkpoint directory or hub id, what its blocks are called, and its sizes."""

    checkpoint: str
    blocks: Mapping[str, int] = field(default_factory=dict)
    shape: Shape | None = None
    texts: Texts | None = None


@dataclass(frozen=True, kw_only=True)
class Concept:
    """What tells a text that shows the concept: a named score, one of `words`, or a judge's yes to a `question`."""

    score: str | None = None
    words: tuple[str, ...] = ()
    question: str | None = None


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Who answers questions about texts: a checkpoint or hub id, or the model of that name at an endpoint."""

    model: str
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How texts are drawn: of so many tokens, so many a prompt over all strengths together."""

    tokens: int = 32
    samples: int = 128
    temperature: float = 1.0


@dataclass(frozen=True, kw_only=True)
class CrossEntropy:
    """How much text cross-entropy is measured on; `like = "reference"` cuts it as the paper's code does."""

    segments: int = 64
    tokens: int = 128
    like: Literal["reference"] | None = None


@dataclass(frozen=True, kw_only=True)
class Ability:
    """The tasks of lm-evaluation-harness, how many questions of each at most, examples shown before one, the metric."""

    tasks: tuple[str, ...] = ("mmlu",)
    limit: int | None = None
    shots: int = 0
    metric: str = "acc"


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much text there is, for what is said of costs before any of it is read."""

    texts: int = 500
    text_tokens: int = 300
    contexts: int = 16
    context_tokens: int = 16
    prompts: int = 12
    questions: int = 14042
    answers: int = 4
    question_tokens: int = 128


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What one figure shows: the product of the lists. `layers` are blocks by name or number, or a list for each model.

    `seeds` are draws of the texts that build the vector (0: all of them; others, where no pattern of files names
    {seed}: as many, with replacement). `along` lists what is steered along, `random_direction` being a control.
    """

    figure: str
    models: tuple[str, ...]
    concepts: tuple[str, ...]
    observe: Observed
    strengths: str
    layers: tuple[str | int, ...] | Mapping[str, tuple[str | int, ...]] = ("middle",)
    negatives: tuple[str, ...] = ("random",)
    seeds: tuple[int, ...] = (0,)
    along: tuple[Along, ...] = ("vector",)
    positions: Positions = "all"
    unit: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole plan; `home` is the directory from which its relative paths are read."""

    home: Path
    models: Mapping[str, Model]
    concepts: Mapping[str, Concept]
    figures: tuple[Figure, ...]
    texts: Texts | None = None
    title: str = ""
    dtype: Literal["float32", "bfloat16", "float64"] = "float32"
    judge: Judge | None = None
    cross_entropy: CrossEntropy = CrossEntropy()
    sampling: Sampling = Sampling()
    ability: Ability = Ability()
    sizes: Sizes = Sizes()

    def texts_of(self, model: str) -> Texts:
        """The patterns of a model's files."""
        found = self.models[model].texts or self.texts
        if found is None:
            raise ValueError(f"models.{model}: has no texts; give a table [texts] or [models.{model}.texts]")
        return found


def read_plan(path: str | Path) -> Plan:
    """The plan in a TOML file; a `ValueError` or `OSError` of one line says where in it what is wrong."""
    path = Path(path)
    try:
        table = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: not valid TOML ({error})") from error
    except RecursionError as error:
        raise ValueError(f"{path}: not readable TOML (nested too deeply)") from error
    plan = record(Plan, table, str(path), home=path.absolute().parent)
    try:
        _check(plan)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return plan


def _check(plan: Plan) -> None:
    """That figures name what there is, and what they need."""
    for number, figure in enumerate(plan.figures):
        where = f"figures[{number}] (figure {figure.figure})"
        for kind, names, known in (
            ("model", figure.models, plan.models),
            ("concept", figure.concepts, plan.concepts),
        ):
            if unknown := next((name for name in names if name not in known), None):
                raise ValueError(f"{where}: unknown {kind} {unknown!r}, expected some of {', '.join(known)}")
        try:
            parse(figure.strengths)
        except ValueError as error:
            raise ValueError(f"{where}: strengths: {error}") from error
        if isinstance(figure.layers, Mapping) and (left := set(figure.models) - set(figure.layers)):
            raise ValueError(f"{where}: layers: no blocks for {', '.join(sorted(left))}")
        if any(seed < 0 for seed in figure.seeds):
            raise ValueError(f"{where}: seeds: expected whole numbers from 0, got {min(figure.seeds)}")
        for model in figure.models:
            _check_texts(plan, figure, model, where)


def _check_texts(plan: Plan, figure: Figure, model: str, where: str) -> None:
    if plan.texts_of(model).text is None and figure.observe.endswith("cross-entropy"):
        raise ValueError(f"{where}: {figure.observe} needs a pattern `text` under [texts]")
    for concept in figure.concepts if figure.observe == "concept-probability" else ():
        told = plan.concepts[concept]
        if sum((told.score is not None, bool(told.words), told.question is not None)) != 1:
            raise ValueError(f"concepts.{concept}: {where} needs one of score, words and question")
        if told.question is not None and plan.judge is None:
            raise ValueError(f"concepts.{concept}: a question needs a table [judge] with a model")
