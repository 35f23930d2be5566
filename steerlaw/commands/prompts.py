"""`steerlaw prompts`: texts that show a concept, and texts that do not, written by a model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from steerlaw.commands.options import AnyNumber, Dtype, OutputFile, Seed, Several, Share, Strength
from steerlaw.rendering.console import print_json, say
from steerlaw.rendering.progress import progress_bar

SEED = "{seed}"


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """Have a model write the texts that vectors are built from, for `steerlaw vector` and for plans.

    Texts of kind positive show the concept; contrastive ones show its opposite, which the model names unless
    --opposite does; random ones are what the model writes from nothing. An instruct model is served at --url, or is
    given its own markers in --wording; a base model goes on with what it is given. Empty texts are written anew. OUT
    is rows {"text": ...}.
    """

    model: str
    """Checkpoint directory or hub id; with --url the name of a model there."""
    concept: str
    """What the texts are to show: a word or a phrase."""
    kind: Literal["positive", "contrastive", "random"] = "positive"
    """Show the concept, or its opposite, or nothing in particular."""
    url: str | None = None
    """OpenAI-compatible endpoint, such as http://localhost:8000/v1."""
    opposite: str | None = None
    """The opposite of the concept, for contrastive texts."""
    wording: str | None = None
    """What the model is given, with {concept} where the concept goes (default: a definition, then examples)."""
    count: Several = 500
    """How many texts."""
    tokens: Several = 300
    """Tokens of a text at most."""
    temperature: Strength = 0.9
    """Of the distribution that tokens are drawn from."""
    top_k: AnyNumber = 50
    """Draw among so many likeliest tokens (0: all)."""
    top_p: Share = 0.95
    """Draw among the likeliest tokens that hold this share."""
    seed: Seed = 0
    """Of the random numbers; every concept and kind has its own, that follow from it."""
    draws: Several = 1
    """How many sets, from the seed on, each into OUT with its seed in place of {seed}."""
    out: OutputFile = Path("prompts.jsonl")
    """The file to write, with {seed} in its name where there are several draws."""
    dtype: Dtype = "float32"
    """Compute in float32, bfloat16 or float64."""
    json: bool = False
    """Print what was written as JSON alone."""

    def __call__(self) -> int:
        import json

        from numerics.files.atomic import write_atomically
        from real_models.prompt_sets.writing import derived_seed, written

        if self.draws > 1 and SEED not in self.out.name:
            raise ValueError(f"--out: expected {SEED} in the name of the file, for {self.draws} draws")
        if self.opposite is not None and self.kind != "contrastive":
            raise ValueError("--opposite: is for --kind contrastive")
        rows, files = {}, []
        with progress_bar() as progress:
            task = progress.add_task("reading the model", total=None)
            writer, opposite = self._writer()
            about = self.concept if self.kind != "contrastive" else self.opposite or opposite()
            prompt = self._prompt(about)
            for seed in range(self.seed, self.seed + self.draws):

                def told(done: int, total: int, seed: int = seed) -> None:
                    progress.update(task, completed=done, total=total, description=f"writing texts, draw {seed}")

                own = derived_seed(seed, self.concept, self.kind)
                rows[seed] = written(writer, prompt, self.count, own, told)
                file = self.out.with_name(self.out.name.replace(SEED, str(seed)))
                lines = (json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in rows[seed])
                write_atomically(file, "".join(lines))
                files.append(str(file))
        if self.json:
            print_json({"files": files, "texts": self.count, "kind": self.kind, "about": about, "prompt": prompt})
        else:
            of = "" if self.kind == "random" else f" of {about}"
            say(*(f"{file}: {self.count} {self.kind} texts{of} by {self.model}" for file in files))
        return 0

    def _writer(self) -> tuple[Any, Any]:
        """Who writes; and who is asked for the opposite of the concept."""
        from real_models import Endpoint, load_model
        from real_models.prompt_sets.wording import OPPOSITE, opposite_in, worded
        from real_models.prompt_sets.writing import Nucleus, endpoint_writer, local_writer
        from real_models.scores.endpoint import asker

        top_p = None if self.top_p == 1 else self.top_p
        how = Nucleus(tokens=self.tokens, temperature=self.temperature, top_k=self.top_k or None, top_p=top_p)
        if self.url is None:
            return local_writer(load_model(self.model, dtype=self.dtype), how), self._no_opposite
        endpoint = Endpoint(url=self.url, model=self.model)
        if self.kind == "random":
            raise ValueError("--kind random: an endpoint cannot write from nothing; give a checkpoint")
        asked = worded(OPPOSITE, self.concept)
        return endpoint_writer(endpoint, how), lambda: opposite_in(asker(endpoint, max_tokens=16)(asked), self.concept)

    def _no_opposite(self) -> str:
        raise ValueError("--kind contrastive: name the --opposite; only a model at a --url is asked for it")

    def _prompt(self, about: str) -> str | None:
        """What the model is given: nothing for random texts, unless there is a wording."""
        from real_models.prompt_sets.wording import BEGINNING, INSTRUCTION, worded

        if self.kind == "random" and self.wording is None:
            return None
        return worded(self.wording or (BEGINNING if self.url is None else INSTRUCTION), about)
