"""Random checkpoints of every family, written as files without torch."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from real_models import load_model
from real_models.checkpoints.families import family_of

ROTARY = {
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
    "tie_word_embeddings": False,
}
GEMMA = ROTARY | {
    "model_type": "gemma3_text",
    "rope_parameters": {
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
        "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0},
    },
    "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    "sliding_window": 3,
    "query_pre_attn_scalar": 7,
    "tie_word_embeddings": True,
}
CONFIGS = {
    "llama": ROTARY | {"model_type": "llama", "hidden_act": "silu"},
    "mistral": ROTARY | {"model_type": "mistral", "sliding_window": 3},
    "qwen2": ROTARY | {"model_type": "qwen2"},
    "qwen3": ROTARY | {"model_type": "qwen3"},
    "phi3": ROTARY | {"model_type": "phi3", "sliding_window": 3},
    "granite": ROTARY
    | {"model_type": "granite", "embedding_multiplier": 3.0, "residual_multiplier": 0.4}
    | {"attention_multiplier": 0.2, "logits_scaling": 2.5},
    "olmo2": ROTARY | {"model_type": "olmo2"},
    "gemma3_text": GEMMA,
    "gemma3": {"model_type": "gemma3", "text_config": GEMMA, "tie_word_embeddings": True},
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
PREFIXES = {"gpt2": "transformer.", "gemma3": "language_model.model."}


def random_tensors(config: dict, seed: int = 0) -> dict[str, np.ndarray]:
    """Random float32 weights under the names of the files, large enough that every part of a block matters."""
    random = np.random.default_rng(seed)
    family, fields = family_of(config)
    prefix = PREFIXES.get(config["model_type"], "model.")
    tensors = {}
    for tensor in family.tensors(fields, family.spec(fields)):
        scale = tensor.paths[0].endswith("norm.weight")
        values = random.normal(0, 0.3, tensor.shape) + (1 - tensor.offset if scale else 0)
        name = tensor.name if tensor.name == "lm_head.weight" else prefix + tensor.name
        tensors[name] = values.astype(np.float32)
    return tensors


@pytest.fixture
def checkpoint(tmp_path):
    """Write a checkpoint directory: `checkpoint(family_or_config, change=..., tensors=...)` -> its path."""

    def write(family: str | dict, *, change: dict | None = None, tensors: dict | None = None, seed: int = 0) -> Path:
        config = (CONFIGS[family] if isinstance(family, str) else family) | (change or {})
        directory = tmp_path / f"{config['model_type']}-{len(list(tmp_path.iterdir()))}"
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
