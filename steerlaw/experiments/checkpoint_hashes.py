"""What tells one checkpoint from another: the sizes and hashes of all its files that are read."""

from pathlib import Path

from real_models.checkpoints.end_tokens import GENERATION
from real_models.checkpoints.stored import weight_files
from real_models.checkpoints.tokenizer import TOKENIZER_FILES
from steerlaw.inputs.names import sha256_once


def checkpoint_hashes(directory: Path) -> dict[str, list[int | str]]:
    """Size and SHA-256 of each file, by name."""
    files = [*weight_files(directory), *(directory / name for name in ("config.json", GENERATION, *TOKENIZER_FILES))]
    return {file.name: [file.stat().st_size, sha256_once(file)] for file in files if file.is_file()}
