"""Any OpenAI-compatible endpoint as a judge (extra `judge`): asked text by text, patiently, and never twice.

Every answer is kept in a file, so that a run that was stopped, by a kill or by an endpoint that is down, goes on where
it ended. Errors of the network, of load and of the server are retried with growing pauses, by the `openai` client.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from numerics.files.alone import alone
from numerics.files.atomic import write_atomically
from numerics.files.text import json_lines
from real_models.scores.judgement import Judgement, Question

KEPT_EVERY = 16
"""Answers after which the file of answers is written anew."""
AT_ONCE = 4
"""Questions that are under way together."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a judge is served (`http://host:port/v1`), the model there, and how long and often it is waited for.

    The key is that of the environment's OPENAI_API_KEY, which a server at home needs not.
    """

    url: str
    model: str
    seconds: float = 60.0
    retries: int = 6
    longest_answer: int = 8
    key: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What is asked, and where."""
        return f"{self.model} at {self.url}"


def judge_at(
    endpoint: Endpoint, question: Question, texts: Sequence[str], *, keep: str | Path | None = None
) -> Judgement:
    """What the endpoint says of every text: yes or no where its answer begins with a spelling of either, else nothing.

    With `keep`, a JSONL file, answers are kept and those of an earlier run are not asked for again, whatever the texts
    are now. An endpoint that is down, slow or refuses is a `ValueError` of one line; what it answered before is kept.
    """
    prompts = [question.about(text) for text in texts]
    keys = [key_of(endpoint, prompt) for prompt in prompts]
    if keep is None:
        said = dict(_answers(endpoint, prompts, keys, {}))
    else:
        with alone(keep):
            said = _kept(endpoint, prompts, keys, Path(keep))
    answers = [said[key] for key in keys]
    return Judgement(
        judge=endpoint.name, yes=np.array([understood(question, answer) for answer in answers]), said=answers
    )


def understood(question: Question, answer: str) -> float:
    """1 for yes and 0 for no, by the answer's first word in any case; NaN for anything else."""
    first = answer.strip().casefold()
    for value, spellings in ((1.0, question.yes), (0.0, question.no)):
        for spelling in (s.strip().casefold() for s in spellings):
            if first.startswith(spelling) and not first[len(spelling) : len(spelling) + 1].isalnum():
                return value
    return float("nan")


def key_of(endpoint: Endpoint, prompt: str) -> str:
    """What an answer is kept under: the hash of what was asked, and of whom."""
    asked = json.dumps([endpoint.url, endpoint.model, endpoint.longest_answer, prompt])
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()


def _kept(endpoint: Endpoint, prompts: list[str], keys: list[str], path: Path) -> dict[str, str]:
    """The answers, of the file or new; the file holds all of them afterwards, or those that came before an error."""
    said = dict(_read(path)) if path.exists() else {}
    new = 0
    try:
        for key, answer in _answers(endpoint, prompts, keys, said):
            said[key] = answer
            new += 1
            if new % KEPT_EVERY == 0:
                _write(path, said)
    finally:
        if new:
            _write(path, said)
    return said


def _read(path: Path) -> Iterator[tuple[str, str]]:
    for where, row in json_lines(path):
        if not all(isinstance(row.get(name), str) for name in ("asked", "answer")):
            raise ValueError(
                f'{where}: expected {{"asked": HASH, "answer": TEXT}}, as a judge keeps it; name another file'
            )
        yield row["asked"], row["answer"]


def _write(path: Path, said: dict[str, str]) -> None:
    rows = (json.dumps({"asked": key, "answer": answer}) + "\n" for key, answer in said.items())
    write_atomically(path, "".join(rows))


def _answers(endpoint: Endpoint, prompts: list[str], keys: list[str], known: dict[str, str]) -> Iterator[tuple]:
    """What is not known yet, asked once each, in order; an error ends it once the answers before it are out."""
    wanted = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in known}
    if not wanted:
        return
    ask = asker(endpoint)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [(key, pool.submit(ask, prompt)) for key, prompt in wanted.items()]
        try:
            for key, answer in answers:
                yield key, answer.result()
        finally:
            for _, answer in answers:
                answer.cancel()


def asker(endpoint: Endpoint, **how: Any) -> Callable[..., str]:
    """What puts a question to the endpoint; whatever goes wrong there is a `ValueError` of one line.

    It asks for a short answer, the likeliest; `how`, and what is said with a question, are options of the request that
    stand in place of these.
    """
    try:
        import openai
    except ImportError:
        raise ValueError("an endpoint is asked with openai: pip install 'steerlaw[judge]'") from None
    client = openai.OpenAI(
        base_url=endpoint.url,
        api_key=endpoint.key or os.environ.get("OPENAI_API_KEY") or "none",
        timeout=endpoint.seconds,
        max_retries=endpoint.retries,
    )

    usual: dict[str, Any] = {"max_tokens": endpoint.longest_answer, "temperature": 0}

    def ask(prompt: str, **more: Any) -> str:
        messages: list[Any] = [{"role": "user", "content": prompt}]
        try:
            reply = client.chat.completions.create(model=endpoint.model, messages=messages, **{**usual, **how, **more})
            return reply.choices[0].message.content or ""
        except openai.OpenAIError as error:
            what = " ".join(str(error).split())
            raise ValueError(
                f"{endpoint.name}: {type(error).__name__}: {what:.120}; tried {endpoint.retries + 1} times within"
                f" {endpoint.seconds:g} s each; is it up? What it answered is kept if a file was named"
            ) from error
        except (AttributeError, IndexError, TypeError) as error:
            raise ValueError(f"{endpoint.name}: its reply is no chat completion ({error}); is it one?") from error

    return ask
