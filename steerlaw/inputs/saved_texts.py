"""What a saved sweep says of its subject in words: its contexts and the texts of its tokens.

They are one variable of bytes, UTF-8 JSON: texts of any characters, which netCDF's own strings do not hold.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from numerics.files.text import parse_json
from steerlaw.inputs.subjects import Subject

NAME, DIMENSION = "subject_texts", "byte"


def with_texts(data: xr.Dataset, subject: Subject) -> xr.Dataset:
    """The dataset with the subject's contexts, and the texts of the whole vocabulary, of what the subject has."""
    vocabulary = range(data.sizes.get("vocab", 0))
    contexts = [context if isinstance(context, str) else np.asarray(context).tolist() for context in subject.contexts]
    tokens = None if subject.token_text is None else [subject.token_text(token) for token in vocabulary]
    encoded = json.dumps({"contexts": contexts or None, "tokens": tokens}, ensure_ascii=False).encode(errors="replace")
    return data.assign({NAME: (DIMENSION, np.frombuffer(encoded, np.uint8), {}, {"zlib": True})})


def without_texts(data: xr.Dataset, subject: Subject, path: str | Path) -> tuple[xr.Dataset, Subject]:
    """The dataset as it was, and the subject with what `with_texts` kept of it.

    A file that holds no such thing leaves the subject as it is; one that holds something else is a `ValueError`.
    """
    if NAME not in data:
        return data, subject
    value, where = data[NAME], f"{path}: {NAME}"
    if value.dtype != np.uint8:
        raise ValueError(f"{where}: expected bytes, got {value.dtype}; the file is broken")
    known = parse_json(value.to_numpy().tobytes().decode(errors="replace"), where)
    contexts, tokens = (known.get(name) for name in ("contexts", "tokens")) if isinstance(known, dict) else ("", None)
    if contexts is None:
        contexts = subject.contexts
    elif not isinstance(contexts, list) or len(contexts) != data.sizes.get("context", len(contexts)):
        raise ValueError(f"{where}: expected the sweep's {data.sizes.get('context')} contexts; the file is broken")
    texts = tokens if isinstance(tokens, list) and all(isinstance(text, str) for text in tokens) else None
    named = replace(subject, contexts=contexts, token_text=partial(_text, texts) if texts else None)
    return data.drop_vars(NAME), named


def _text(texts: Sequence[str], token: int) -> str:
    """The text of a token, "" of one that is not known."""
    return texts[token] if 0 <= token < len(texts) else ""
