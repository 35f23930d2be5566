"""Random checkpoints of every family, written as files without torch."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from real_models import load_model
from real_models.families import family_of

CONFIGS = {
    "llama": {
        "model_type": "llama",
        "vocab_size": 61,
        "hidden_size": 24,
        "intermediate_size": 40,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 10,
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 256,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0},
        "hidden_act": "silu",
        "tie_word_embeddings": False,
    },
    "gpt2": {
        "model_type": "gpt2",
        "vocab_size": 53,
        "n_embd": 24,
        "n_layer": 3,
        "n_head": 3,
        "n_positions": 44,
        "n_inner": 40,
        "layer_norm_epsilon": 1e-5,
        "activation_function": "gelu_new",
    },
}


def random_tensors(config: dict, seed: int = 0) -> dict[str, np.ndarray]:
    """Random float32 weights under the names of the files, large enough that every part of a block matters."""
    random = np.random.default_rng(seed)
    family = family_of(config)
    tensors = {}
    for tensor in family.tensors(config, family.spec(config)):
        values = random.normal(0, 0.3, tensor.shape) + (1.0 if "norm.weight" in tensor.paths[0] else 0.0)
        name = tensor.name if tensor.name == "lm_head.weight" else family.prefix + tensor.name
        tensors[name] = values.astype(np.float32)
    return tensors


@pytest.fixture
def checkpoint(tmp_path):
    """Write a checkpoint directory: `checkpoint(family, change=..., tensors=...)` -> its path."""

    def write(family: str, *, change: dict | None = None, tensors: dict | None = None, seed: int = 0) -> Path:
        config = CONFIGS[family] | (change or {})
        directory = tmp_path / f"{family}-{len(list(tmp_path.iterdir()))}"
        directory.mkdir()
        (directory / "config.json").write_text(json.dumps(config))
        save_file(random_tensors(config, seed) if tensors is None else tensors, directory / "model.safetensors")
        return directory

    return write


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """`models(family, dtype)`: a loaded random model, the same one every time."""
    loaded = {}

    def get(family: str, dtype: str = "float32"):
        if (family, dtype) not in loaded:
            directory = tmp_path_factory.mktemp(family)
            (directory / "config.json").write_text(json.dumps(CONFIGS[family]))
            save_file(random_tensors(CONFIGS[family]), directory / "model.safetensors")
            loaded[family, dtype] = load_model(str(directory), dtype=dtype)
        return loaded[family, dtype]

    return get


@pytest.fixture(scope="session")
def configs():
    """A small config of every family."""
    return CONFIGS


@pytest.fixture(scope="session")
def weights_of():
    """`weights_of(config, seed)`: random tensors under the names of the files."""
    return random_tensors
