"""The tokens with which a model ends a text, as its checkpoint says: generation_config.json, or else config.json."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from real_models.checkpoints.config import shown
from real_models.checkpoints.stored import read_object

GENERATION = "generation_config.json"


def read_end_tokens(directory: Path, config: Mapping[str, Any], vocab_size: int) -> tuple[int, ...]:
    """Token ids, none where no file names one; `config` is the content of config.json.

    Ids beyond the vocabulary, which never come, are left out; what is no id is a `ValueError` that names the file.
    """
    path = directory / GENERATION
    inner = config.get("text_config")
    places = [
        (path, read_object(path, "") if path.is_file() else {}),
        (directory / "config.json", inner if isinstance(inner, dict) else {}),
        (directory / "config.json", config),
    ]
    for file, fields in places:
        said = fields.get("eos_token_id")
        if said is None:
            continue
        ids = said if isinstance(said, list) else [said]
        if not all(type(n) is int and n >= 0 for n in ids):
            raise ValueError(f"{file}: eos_token_id is {shown(said)}, expected a token id or a list of them")
        return tuple(sorted({n for n in ids if n < vocab_size}))
    return ()
