"""`steerlaw choose`: the strength for one prompt, or for prompts like those of a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steerlaw.commands.options import Dtype, InputFile, LayerOrAll, Level, Nats, Seed, Several, Tolerance
from steerlaw.rendering.console import complain, print_json
from steerlaw.rendering.progress import phase

if TYPE_CHECKING:
    from steerlaw.results.choosing.blocks import BlockChoice
    from steerlaw.results.choosing.choice import Choice
    from steerlaw.results.choosing.text_choice import TextChoice


@dataclass(frozen=True, kw_only=True)
class Choose:
    """Choose the strength for one prompt: predicted before steering, measured, and how far the theory is valid.

    With --prompts, choose it for all prompts like those of the file: the largest strength at which a new one stays
    within the budget, but for a risk; of the next token or, with --tokens and --text-budget, of whole texts. With
    --layer all, choose it at every block of the file, and name the block that buys most of the --words.
    """

    model: str
    """Checkpoint directory or hub id."""
    vector: InputFile
    """Steering vectors (safetensors, one tensor `layer.N` per layer)."""
    layer: LayerOrAll | None = None
    """Block whose output is steered, 0-based (may be left out if the file holds one layer); or all, each by itself."""
    prompt: str | None = None
    """The text whose continuation is steered."""
    prompts: InputFile | None = None
    """Prompts in place of one: .txt, one a line, or JSONL rows {"text": ...}."""
    budget: Nats = 0.5
    """How much the next token's distribution may change: KL(p_alpha, p), in nats."""
    tokens: Several | None = None
    """Tokens of a text at most, where whole texts after --prompts have the budget."""
    text_budget: Nats | None = None
    """How much the distribution of whole texts may change, in nats a text; with --tokens."""
    risk: Level = 0.05
    """How often a new prompt may spend more than the budget."""
    avoid: str | None = None
    """A score whose being above 1/2 is a failure (loops, for one): how often it comes at most; every second prompt is
    kept for it."""
    samples: Several = 4
    """Texts per prompt and strength."""
    seed: Seed = 0
    """Of the random numbers."""
    tolerance: Tolerance = 0.01
    """Distance from the local tilt, in nats, up to which the theory counts as valid."""
    words: InputFile | None = None
    """Text file of a concept's words, whose probability is shown."""
    target: Level | None = None
    """A probability of the concept: at which strength it is reached; with --words, for one --prompt."""
    negative: bool = False
    """Choose among the strengths below 0, away from the concept; for one --prompt."""
    explain: bool = False
    """Show what budgets of 0.1, 0.5 and 2 nats look like after this --prompt."""
    preview: Several | None = None
    """Tokens of greedy continuations of the --prompt at 0, at half the strength to trust, and at the whole."""
    dtype: Dtype = "float32"
    """Compute in float32, bfloat16 or float64."""
    json: bool = False
    """Print JSON alone."""

    def __call__(self) -> int:
        if (self.prompt is None) == (self.prompts is None):
            raise ValueError("expected --prompt or --prompts, one of the two")
        if (self.tokens is None) != (self.text_budget is None):
            raise ValueError("expected --tokens and --text-budget together, for whole texts")
        if self.prompts is None and (self.tokens is not None or self.avoid is not None):
            raise ValueError("--tokens and --avoid are for texts after --prompts, not for one --prompt")
        if self.target is not None and self.words is None:
            raise ValueError("--target: needs --words, the concept whose probability it is")
        only = {"target": self.target, "negative": self.negative, "explain": self.explain, "preview": self.preview}
        if self.prompts is not None and (given := [name for name, value in only.items() if value]):
            raise ValueError(f"--{given[0]} is for one --prompt, not for --prompts")
        if self.layer == "all":
            return self._for_blocks()
        return self._for_one() if self.prompts is None else self._for_texts()

    def _for_one(self) -> int:
        from real_models import load_model
        from steerlaw.inputs.concept_files import one_vector, read_words, word_tokens
        from steerlaw.results.choosing.budgets import EXPLAINED
        from steerlaw.results.choosing.choose import choose

        layer, vector = one_vector(self.vector, None if self.layer is None else int(self.layer))
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
                target=self.target,
                explained=EXPLAINED if self.explain else (),
                negative=self.negative,
            )
            preview = self._preview(model, choice, layer, vector)

        def text(token: int) -> str:
            return model.tokenizer.decode([token])

        if self.json:
            told = {"preview": preview} if self.preview else {}
            print_json({"model": model.name, "layer": layer, **choice.to_json(text), **told})
        else:
            _print(choice, text, layer)
            _print_continuations(preview)
        return 0

    def _for_blocks(self) -> int:
        """Every block that the file has a vector of, each by itself."""
        from real_models import load_model
        from real_models.texts.prompts import read_prompt_texts
        from steerlaw.inputs.concept_files import chosen_vectors, read_words, word_tokens
        from steerlaw.results.choosing.blocks import best, of_prompt, of_texts, say
        from steerlaw.results.choosing.choose import choose
        from steerlaw.results.choosing.text_choose import choose_for_texts

        only = {"target": self.target, "explain": self.explain, "preview": self.preview, "avoid": self.avoid}
        if given := [name for name, value in only.items() if value]:
            raise ValueError(f"--{given[0]} is for one --layer, not for all")
        vectors = chosen_vectors(self.vector, None)
        prompts = None if self.prompts is None else read_prompt_texts(self.prompts)
        words = None if self.words is None else read_words(self.words)
        text: dict[str, Any] = {"tokens": self.tokens or 1, "samples": self.samples if self.tokens else 1}
        budget, blocks = self.text_budget or self.budget, []
        spent: dict[str, Any] = {"budget": budget, "risk": self.risk, "seed": self.seed}
        with phase(f"reading the model, and steering {len(vectors)} blocks"):
            model = load_model(self.model, dtype=self.dtype)
            concept = None if words is None else word_tokens(model, words)
            for layer, vector in sorted(vectors.items()):
                where = {"layer": layer, "vector": vector}
                if prompts is None:
                    how = {"tolerance": self.tolerance, "concept": concept, "negative": self.negative}
                    blocks.append(of_prompt(layer, choose(model, self.prompt, **where, **how, budget=budget)))
                else:
                    choice = choose_for_texts(model, prompts, **where, **text, **spent)
                    blocks.append(of_texts(model, prompts, choice, **where, seed=self.seed, targets=concept))
        what = f"{budget:g} nats {'a text' if self.tokens else 'of the next token'}"
        found, told = best(blocks), say(blocks, what)
        if self.json:
            listed = [block.to_json() for block in blocks]
            record = {"budget": budget, "blocks": listed, "best": found and found.layer, "advice": told}
            print_json({"model": model.name, "layer": "all", **record})
        else:
            _print_blocks(blocks, what, told)
        return 0

    def _preview(self, model: Any, choice: "Choice", layer: int, vector: Any) -> Sequence[dict[str, Any]]:
        """Continuations at 0, half the strength to trust, and that strength, where there is one."""
        from steerlaw.results.choosing.text_choose import continuations

        if self.preview is None or choice.trusted is None:
            return ()
        how = {"layer": layer, "vector": vector, "tokens": self.preview, "seed": self.seed, "temperature": 0}
        strength = choice.sign * choice.strengths[choice.trusted]
        return continuations(model, [self.prompt], how, strength)

    def _for_texts(self) -> int:
        from real_models import load_model
        from real_models.texts.prompts import read_prompt_texts
        from steerlaw.inputs.concept_files import one_vector
        from steerlaw.results.choosing.order_statistics import conformal_rank
        from steerlaw.results.choosing.text_choose import choose_for_texts

        assert self.prompts is not None
        layer, vector = one_vector(self.vector, None if self.layer is None else int(self.layer))
        prompts = read_prompt_texts(self.prompts)
        conformal_rank((len(prompts) + 1) // 2 if self.avoid else len(prompts), self.risk)
        with phase("reading the model, and drawing texts"):
            model = load_model(self.model, dtype=self.dtype)
            choice = choose_for_texts(
                model,
                prompts,
                layer=layer,
                vector=vector,
                tokens=self.tokens or 1,
                budget=self.text_budget or self.budget,
                risk=self.risk,
                samples=self.samples if self.tokens else 1,
                seed=self.seed,
                avoid=self.avoid,
                tell=complain,
            )
        if self.json:
            print_json({"model": model.name, "layer": layer, **choice.to_json()})
        else:
            _print_texts(choice)
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
        nats = [number(spent[name] if reached else None), number(choice.reverse.get(name))]
        rows.append([name, *strengths, *nats, *share, leading])
    titles = ["nats spent", "nats back", *(["concept"] if choice.concept else [])]
    units = [Column(title, right=True, drop=drop) for title, drop in zip(choice.units(0.0), (0, 2, 1), strict=True)]
    print_table(
        f"A budget of {choice.budget:g} nats of KL(p_alpha, p), steering block {layer}",
        [Column(""), *units, *(Column(title, right=True) for title in titles), Column("leading tokens", wrap=True)],
        rows,
    )
    _print_budgets(choice, text)
    if (target := choice.target) is not None:
        measured, predicted = (_reached(choice.sign, alpha) for alpha in (target.measured, target.predicted))
        console().print(f"The concept reaches a probability of {target.share:g} {measured}; by the tilt, {predicted}.")
    console().print(choice.say())


def _print_blocks(blocks: Sequence["BlockChoice"], what: str, told: str) -> None:
    from steerlaw.rendering.console import Column, console, print_table

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.4g}"

    aimed = any(block.target for block in blocks)
    rows = []
    for block in blocks:
        target = [*map(number, block.target or (None, None))] if aimed else []
        strength = "never" if block.strength is None else number(block.strength)
        rows.append([str(block.layer), strength, number(block.push), number(block.nats), *target])
    heads = ["block", "alpha", "alpha|v|/|h|", "nats", *(["concept before", "after"] if aimed else [])]
    print_table(f"A budget of {what}, block by block", [Column(head, right=True) for head in heads], rows)
    console().print(told)


def _print_budgets(choice: "Choice", text: Callable[[int], str]) -> None:
    from steerlaw.rendering.console import Column, print_table

    if not choice.budgets:
        return
    rows = [
        [f"{one.nats:g}", "never", "", "", ""]
        if one.leading is None or one.changed is None or one.reverse is None
        else [
            f"{one.nats:g}",
            f"{choice.sign * one.strength:.4g}",
            f"{one.reverse:.3g}",
            f"{one.changed:.0%}",
            repr(text(one.leading)),
        ]
        for one in choice.budgets
    ]
    heads = ("nats of KL(p_alpha, p)", "alpha", "KL(p, p_alpha)", "next tokens changed", "leading token")
    print_table("What a budget looks like after this prompt", [Column(head, right=True) for head in heads], rows)


def _print_texts(choice: "TextChoice") -> None:
    from steerlaw.rendering.console import say

    say(*choice.say().splitlines(), f"{choice.texts_drawn} texts were drawn to find it.")
    _print_continuations(choice.shown)


def _print_continuations(shown: Sequence[dict[str, Any]]) -> None:
    from steerlaw.rendering.console import Column, print_table

    if shown:
        print_table(
            "Continuations",
            [Column("prompt", wrap=True), Column("alpha", right=True), Column("text", wrap=True)],
            [[one["prompt"], f"{one['strength']:.4g}", one["text"]] for one in shown],
        )


def _reached(sign: int, alpha: float) -> str:
    return f"at strength {sign * alpha:.4g}" if alpha < float("inf") else "at no strength that was searched"
