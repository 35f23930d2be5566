"""Where a checkpoint is: a directory, or a Hugging Face hub id fetched into the hub's own cache."""

import re
from pathlib import Path

from real_models.checkpoints.stored import INDEX
from real_models.checkpoints.tokenizer import TOKENIZER_FILES
from real_models.texts.encoding import reason

WANTED_FILES = ["config.json", "model*.safetensors", INDEX, *TOKENIZER_FILES]


def find_checkpoint(path_or_id: str) -> Path:
    """The directory itself, or the snapshot of a hub id (`owner/name` or `name`); otherwise a one-line `ValueError`.

    The hub's cache, offline mode and token are those of `huggingface_hub`; only config, safetensors weights and
    tokenizer are fetched.
    """
    path = Path(path_or_id).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise ValueError(f"{path_or_id} is a file, expected a checkpoint directory")
    if not re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", path_or_id):
        raise ValueError(f"{path_or_id}: no such checkpoint directory")
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        message = f"{path_or_id}: no such directory; to load it from the hub, pip install huggingface_hub"
        raise ValueError(message) from None
    try:
        return Path(snapshot_download(path_or_id, allow_patterns=WANTED_FILES))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path_or_id}: no such directory, and the hub did not give it: {reason(error)}") from error
