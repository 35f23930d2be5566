"""Who writes the texts of a prompt set: a checkpoint on this machine, or a model at an endpoint; and how many times.

    writer(prompt, count, seed)  ->  `count` texts, some of which may be empty; the same seed gives the same texts again

of a checkpoint; what an endpoint makes of a seed is its own affair.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from real_models.sampling.sampling import sample
from real_models.scores.endpoint import AT_ONCE, Endpoint, asker
from real_models.steering.model import LanguageModel

Writer = Callable[[str | None, int, int], Sequence[str]]
ROUNDS = 10
"""How often empty texts are written anew before it is taken that there is nothing to come."""


@dataclass(frozen=True, kw_only=True)
class Nucleus:
    """How texts are drawn, by default as in the paper."""

    tokens: int = 300
    temperature: float = 0.9
    top_k: int | None = 50
    top_p: float | None = 0.95


def local_writer(model: LanguageModel, how: Nucleus) -> Writer:
    """The model itself, unsteered; asked nothing (None) it begins with the token that begins, or ends, its texts."""

    def write(prompt: str | None, count: int, seed: int) -> Sequence[str]:
        ids = model.encode(prompt) if prompt is not None else beginning(model)
        drawn = sample(
            model,
            [ids],
            [0.0],
            layer=0,
            vector=np.ones(model.d_model),
            tokens=how.tokens,
            samples=count,
            temperature=how.temperature,
            top_k=how.top_k,
            top_p=how.top_p,
            seed=seed,
            divergences=False,
        )
        return drawn.texts[0, 0].tolist()

    return write


def beginning(model: LanguageModel) -> list[int]:
    """What stands before a text that nothing stands before: the tokenizer's own beginning, else a token that ends one.

    A `ValueError` for a model that has neither.
    """
    encoded = model.tokenizer.encode("").ids if model.tokenizer is not None else []
    found = encoded[:1] or list(model.end_tokens[:1])
    if not found:
        raise ValueError(f"{model.name} has no token that begins or ends a text: give a --wording to go on with")
    return found


def endpoint_writer(endpoint: Endpoint, how: Nucleus) -> Writer:
    """The model at an endpoint, which takes `top_k` where the server knows it; it cannot be asked nothing."""

    def write(prompt: str | None, count: int, seed: int) -> Sequence[str]:
        if prompt is None:
            raise ValueError(
                f"{endpoint.name}: an endpoint does not write from nothing; random texts need a checkpoint"
            )
        extra = {} if how.top_k is None else {"extra_body": {"top_k": how.top_k}}
        ask = asker(endpoint, max_tokens=how.tokens, temperature=how.temperature, top_p=how.top_p or 1.0, **extra)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda n: ask(prompt, seed=seed + n), range(count)))

    return write


def written(
    writer: Writer,
    prompt: str | None,
    count: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """`count` texts that are not empty; those that are, white space alone, are written anew from another seed.

    After `ROUNDS` rounds that leave some empty still it is a `ValueError`.
    """
    texts: list[str] = []
    for number in range(ROUNDS):
        found = writer(prompt, count - len(texts), derived_seed(seed, str(number)) if number else seed)
        texts += [text for text in found if text.strip()]
        if progress is not None:
            progress(len(texts), count)
        if len(texts) == count:
            return texts
    raise ValueError(f"{count - len(texts)} of {count} texts were empty {ROUNDS} times; word the prompt otherwise")


def derived_seed(seed: int, *names: str) -> int:
    """A seed of its own for each of several sets of texts: two concepts never get the same random negatives."""
    told = "\n".join([str(seed), *names])
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:4], "little")
