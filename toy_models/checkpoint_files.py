"""What ordinary Hugging Face checkpoint directories have in common, whatever the family."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from jaxtyping import Float
from safetensors.numpy import save

from numerics.arrays import ArrayLike
from real_models.decoding.decoder import Spec


def save_checkpoint(directory: Path, config: dict, tensors: Mapping[str, Float[ArrayLike, "..."]], bos: int) -> None:
    """Write a model's configuration and tensors, rounded to bfloat16, under the names of its Hugging Face class."""
    directory.mkdir(parents=True, exist_ok=True)
    rounded = {name: np.ascontiguousarray(array, dtype=ml_dtypes.bfloat16) for name, array in tensors.items()}
    _write_json(directory / "config.json", config)
    _write_json(directory / "generation_config.json", {"bos_token_id": bos, "eos_token_id": bos})
    (directory / "model.safetensors").write_bytes(save(rounded, metadata={"format": "pt"}))


def shared_config(spec: Spec, bos: int) -> dict[str, Any]:
    """The last fields of every `config.json`; the dtype in those of transformers 4 and of 5."""
    return {
        "tie_word_embeddings": spec.tied,
        "initializer_range": 0.02,
        "use_cache": True,
        "bos_token_id": bos,
        "eos_token_id": bos,
        "torch_dtype": "bfloat16",
        "dtype": "bfloat16",
    }


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")
