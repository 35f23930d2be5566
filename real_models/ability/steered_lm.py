"""A steered model as lm-evaluation-harness sees one: at one strength at a time, though all are computed at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from lm_eval.api.model import TemplateLM  # pyright: ignore[reportMissingImports]
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window  # pyright: ignore[reportMissingImports]

from real_models.ability.continuations import score_continuations
from real_models.steering.inputs import Layers, Vector
from real_models.steering.model import LanguageModel
from real_models.texts.encoding import encode

Answer = tuple[float, bool]


class SteeredLM(TemplateLM):
    """Log-likelihoods of a model steered at the strength of number `at` of a grid.

    What is asked for the first time is answered at all strengths and kept, so that the harness may come back for each
    strength in turn. Texts are encoded by the tokenizer's own rule, as the harness's Hugging Face backend does.
    """

    def __init__(
        self, model: LanguageModel, strengths: Float[np.ndarray, " strengths"], *, layer: Layers, vector: Vector
    ) -> None:
        super().__init__()
        if model.tokenizer is None:
            raise ValueError(f"{model.name} has no tokenizer.json, which tasks need")
        self.model, self.strengths, self.layer, self.vector = model, strengths, layer, vector
        self.at = 0
        self._known: dict[Any, list[Answer]] = {}

    @property
    def eot_token_id(self) -> int:
        """The token that ends a text."""
        return self.model.end_tokens[0] if self.model.end_tokens else self.prefix_token_id

    @property
    def prefix_token_id(self) -> int:
        """The token that stands before a text that has no context."""
        begun = encode(self.model.tokenizer, self.model.name, "")
        if not begun and not self.model.end_tokens:
            raise ValueError(f"{self.model.name} has no token that begins or ends a text, before which nothing stands")
        return begun[0] if begun else self.model.end_tokens[0]

    @property
    def tokenizer_name(self) -> str:
        """Under which the harness keeps its requests."""
        return self.model.name

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **unused: Any) -> list[int]:
        """Token ids; a text that begins with the beginning-of-text token already gets no other one."""
        tokenizer, name = self.model.tokenizer, self.model.name
        if add_special_tokens is None:
            begun = encode(tokenizer, name, "")
            written = encode(tokenizer, name, string, special=False)
            add_special_tokens = not (begun and written[: len(begun)] == begun)
        return encode(tokenizer, name, string, special=add_special_tokens)

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = True) -> list[Answer]:
        """Of each request's continuation after its context, at the strength in turn."""
        asked = [request.args for request in requests]
        new = [request for request in requests if request.args not in self._known]
        if new:
            super().loglikelihood(new, disable_tqdm=True)
        return [self._known[args][self.at] for args in asked]

    def _loglikelihood_tokens(
        self, requests: list[tuple[tuple[str, str], list[int], list[int]]], **unused: Any
    ) -> list[Answer]:
        """Answered at every strength, and kept under each pair of texts."""
        answers = self._at_all([(context, continuation) for _, context, continuation in requests])
        for (texts, _, _), answer in zip(requests, answers, strict=True):
            self._known[texts] = answer
        return [answer[self.at] for answer in answers]

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = True) -> list[float]:
        """Of whole texts, each token after as many of those before it as its window holds."""
        for text in {request.args for request in requests} - set(self._known):
            tokens, prefix = self.tok_encode(*text), self.prefix_token_id
            windows = get_rolling_token_windows(tokens, prefix, self.model.spec.max_positions, 1)
            answers = self._at_all([make_disjoint_window(window) for window in windows])
            sums = np.sum([[log_prob for log_prob, _ in answer] for answer in answers], axis=0)
            self._known[text] = [(float(total), False) for total in sums]
        return [self._known[request.args][self.at][0] for request in requests]

    def generate_until(self, requests: list[Any], disable_tqdm: bool = True) -> list[str]:
        """Not offered: a `ValueError` names the task."""
        name = getattr(requests[0], "task_name", None) if requests else None
        raise ValueError(f"task {name}: has the model write answers; expected tasks that choose among given ones")

    def _at_all(self, pairs: Sequence[tuple[list[int], list[int]]]) -> list[list[Answer]]:
        contexts, continuations = zip(*pairs, strict=True)
        found = score_continuations(
            self.model, contexts, continuations, self.strengths, layer=self.layer, vector=self.vector
        )
        columns = zip(found.log_probs.T.tolist(), found.greedy.T.tolist(), strict=True)
        return [list(zip(log_probs, greedy, strict=True)) for log_probs, greedy in columns]
