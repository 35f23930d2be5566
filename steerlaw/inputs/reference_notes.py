"""What is known to bend files of the paper's own code, where a file's record shows it or cannot rule it out."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from steerlaw.inputs.reference_files import ResultFile

CUT = 100
"""Tokens after which contexts and prompts are cut by default."""


def file_notes(file: ResultFile) -> tuple[str, ...]:
    """Lines to be read beside any verdict on the file's curves."""
    match file.kind:
        case "next token":
            return (*_positions(file), *_cut(file))
        case "judged":
            return (*_positions(file), *_judge(file))
        case "cross-entropy":
            return tuple(_positions(file))
        case "log-odds":
            return tuple(_prompts(file))
    return ()


def is_any_of(file: ResultFile) -> bool:
    """Whether a judge was asked about several completions of a context at once: does any of them show the concept?"""
    return completions(file) != 1 and not (isinstance(_of(file, "judge", "aggregation"), str))


def completions(file: ResultFile) -> int | None:
    """How many completions of each context were judged, where the record says so."""
    return _count(file.meta.get("n_samples_per_context"))


def one_sided(file: ResultFile) -> str:
    """What to call a judge that says the same of everything ("" where it does not)."""
    said = file.arrays["p1_by_ctx"]
    seen = said[~np.isnan(said)] if said.dtype.kind == "f" else said
    if seen.size == 0:
        return "the judge gave no answer at all"
    if not (seen.min() == seen.max() and seen.min() in (0, 1)):
        return ""
    never = f"the judge never says {'yes' if seen.min() == 0 else 'no'}, in {seen.size:,} answers"
    return f"{never}: these curves show the judge, not the concept"


def _positions(file: ResultFile) -> Iterator[str]:
    last = file.meta.get("apply_last_token_only")
    if last is True and file.kind == "cross-entropy":
        yield "steered at the last position of each block only, so most positions that are averaged were not steered"
    elif last is True:
        yield "steered at the last position only"
    elif last is not False:
        yield "the file does not say whether all positions were steered or the last only"


def _cut(file: ResultFile) -> Iterator[str]:
    length = _count(file.meta.get("seq_len"))
    if length is None:
        yield f"the file does not say how long its context is: one of more than {CUT} tokens was cut there"
    elif length >= CUT:
        yield f"the context has {length} tokens, at which it may have been cut"


def _judge(file: ResultFile) -> Iterator[str]:
    if not isinstance(_of(file, "judge", "method"), str):
        yield "answers of the judge that could not be read count as no, and the file does not say how many there were"
    longest = _count(_of(file, "generator", "max_prompt_length"))
    yield (
        "contexts may have been cut, the file does not say where"
        if longest is None
        else f"contexts of more than {longest} tokens were cut"
    )


def _prompts(file: ResultFile) -> Iterator[str]:
    longest, batch = _count(file.meta.get("max_length")), _count(file.meta.get("batch_size"))
    yield f"log-odds are of prompts cut at {longest or CUT} tokens{'' if longest else ', if at the default length'}"
    if batch != 1:
        yield "log-odds were read at wrong positions if the tokenizer pads on the left"


def _of(file: ResultFile, part: str, name: str) -> Any:
    held = file.meta.get(part)
    return held.get(name) if isinstance(held, dict) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
