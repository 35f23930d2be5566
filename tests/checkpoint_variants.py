"""Checkpoints as they turn up: configs and weight files varied at random, each written as a directory.

A variant says whether it may be refused: what is merely another way to write the same model has to be read.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

SIZES = {
    "vocab_size": 31,
    "hidden_size": 16,
    "intermediate_size": 20,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 6,
    "max_position_embeddings": 64,
    "pad_token_id": None,
    "bos_token_id": None,
    "eos_token_id": None,
}
GEMMA = SIZES | {"model_type": "gemma3_text", "sliding_window": 4, "query_pre_attn_scalar": 9}
BASES: dict[str, dict[str, Any]] = {
    "gpt2": {"model_type": "gpt2", "vocab_size": 31, "n_embd": 16, "n_layer": 3, "n_head": 4, "n_positions": 32},
    "llama": SIZES | {"model_type": "llama"},
    "mistral": SIZES | {"model_type": "mistral", "sliding_window": 5},
    "phi3": SIZES | {"model_type": "phi3", "original_max_position_embeddings": 64},
    "granite": SIZES
    | {"model_type": "granite", "attention_multiplier": 0.3, "residual_multiplier": 0.6}
    | {"embedding_multiplier": 4.0, "logits_scaling": 1.5},
    "olmo2": SIZES | {"model_type": "olmo2"},
    "qwen2": SIZES | {"model_type": "qwen2"},
    "qwen3": SIZES | {"model_type": "qwen3"},
    "gemma3_text": GEMMA,
    "gemma3": {
        "model_type": "gemma3",
        "text_config": GEMMA,
        "vision_config": {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
        | {"image_size": 28, "patch_size": 14},
        "mm_tokens_per_image": 4,
    },
}
BASES["gpt2"] |= dict.fromkeys(("bos_token_id", "eos_token_id"))


@dataclass
class Variant:
    """A config, a change of the weights, and whether a refusal is an answer too."""

    config: dict[str, Any]
    fields: dict[str, Any]
    rng: random.Random
    changes: list[str] = field(default_factory=list)
    refusable: bool = False


def llama3(rng: random.Random) -> dict[str, Any]:
    """Llama 3's scaling, with the original length or without."""
    scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    return scaling | ({"original_max_position_embeddings": 24} if rng.random() < 0.6 else {})


def scaling(rng: random.Random) -> dict[str, Any]:
    """A rotary scaling: of a type we know or not, in the new or the old spelling."""
    chosen = rng.choice(
        [
            {"rope_type": "default"},
            {"rope_type": "linear", "factor": 4.0},
            {"type": "linear", "factor": 2.0},
            {"type": "linear", "rope_type": "linear", "factor": 3},
            llama3(rng),
            {"rope_type": "dynamic", "factor": 2.0},
            {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16},
        ]
    )
    return chosen | ({"rope_theta": rng.choice([500.0, 20_000])} if rng.random() < 0.5 else {})


def refused(scaled: dict[str, Any], v: Variant) -> bool:
    """Whether we say no to it, or transformers does."""
    kind = scaled.get("rope_type", scaled.get("type", "default"))
    return kind in ("dynamic", "yarn") or (v.fields["model_type"] == "phi3" and kind != "default")


def old_rope(v: Variant) -> None:
    """`rope_theta` beside `rope_scaling`."""
    if v.rng.random() < 0.7:
        v.fields["rope_theta"] = v.rng.choice([100.0, 3000, 5e4])
    v.fields["rope_scaling"] = v.rng.choice([None, scaling(v.rng), scaling(v.rng)])
    v.refusable |= bool(v.fields["rope_scaling"]) and (refused(v.fields["rope_scaling"], v) or is_gemma(v))


def new_rope(v: Variant) -> None:
    """`rope_parameters`, flat."""
    v.fields["rope_parameters"] = scaling(v.rng)
    v.refusable |= refused(v.fields["rope_parameters"], v) or is_gemma(v)


def nested_rope(v: Variant) -> None:
    """Rotations by type of block, some of them missing."""
    sliding = {"rope_type": "default", "rope_theta": v.rng.choice([50.0, 1e4])}
    full = scaling(v.rng)
    v.fields["rope_parameters"] = v.rng.choice(
        [
            {"full_attention": full, "sliding_attention": sliding},
            {"full_attention": full},
            {"sliding_attention": sliding},
        ]
    )
    v.refusable |= not is_gemma(v) or refused(full, v) or bool(v.fields.get("rope_scaling"))


def local_base(v: Variant) -> None:
    """Gemma's old name of the sliding blocks' base."""
    v.fields["rope_local_base_freq"] = v.rng.choice([70.0, 9000])


def partial(v: Variant) -> None:
    """A rotation of some of the dimensions, or of all."""
    v.fields["partial_rotary_factor"] = v.rng.choice([None, 1.0, 1, 0.5])
    v.refusable |= v.fields["partial_rotary_factor"] == 0.5


def original_length(v: Variant) -> None:
    """The original length beside the rotary parameters instead of in them."""
    v.fields["original_max_position_embeddings"] = v.rng.choice([16, 40])


def layer_types(v: Variant) -> None:
    """A list of the sliding blocks."""
    count = v.fields.get("num_hidden_layers", 3)
    kinds = v.rng.choice([["full_attention"], ["sliding_attention"], ["full_attention", "sliding_attention"]])
    v.fields["layer_types"] = [v.rng.choice(kinds) for _ in range(count if isinstance(count, int) else 3)]
    v.refusable |= not is_gemma(v)


def window(v: Variant) -> None:
    """The window and what decides who has it."""
    v.fields["sliding_window"] = v.rng.choice([None, 3, 7, 4096])
    v.fields["use_sliding_window"] = v.rng.random() < 0.6
    v.fields["max_window_layers"] = v.rng.choice([0, 1, 28])
    v.fields["sliding_window_pattern"] = v.rng.choice([1, 2, 6])
    v.refusable |= is_gemma(v) and v.fields["sliding_window"] is None


def tied(v: Variant) -> None:
    """The flag, inside and outside."""
    v.rng.choice([v.fields, v.config])["tie_word_embeddings"] = v.rng.random() < 0.6


def biases(v: Variant) -> None:
    """The flags of the biases, known to the family or not."""
    v.fields["attention_bias"] = v.rng.random() < 0.5
    v.fields["mlp_bias"] = v.rng.random() < 0.5


def numbers(v: Variant) -> None:
    """Another epsilon, activation, cap or multiplier."""
    v.fields["rms_norm_eps"] = v.fields["layer_norm_epsilon"] = v.rng.choice([1e-5, 1e-3, 0.1])
    key = "hidden_activation" if is_gemma(v) else "activation_function" if is_gpt2(v) else "hidden_act"
    v.fields[key] = v.rng.choice(["silu", "gelu_pytorch_tanh", "gelu_new"])
    v.fields["hidden_act"] = v.fields.get("hidden_act", "silu")
    v.fields["final_logit_softcapping"] = v.rng.choice([None, 3.0])
    v.refusable |= v.fields is not v.config and v.fields["final_logit_softcapping"] is not None


def absent(v: Variant) -> None:
    """A field left out whose default keeps the model small."""
    small = ("head_dim", "num_key_value_heads", "max_position_embeddings", "sliding_window", "n_inner", "n_positions")
    more = (
        "attention_multiplier",
        "residual_multiplier",
        "logits_scaling",
        "embedding_multiplier",
        "n_layer",
        "n_head",
    )
    for key in v.rng.sample([*small, *more], 3):
        v.fields.pop(key, None)
    v.refusable = True


def null(v: Variant) -> None:
    """A field that is there and says nothing."""
    keys = [
        "head_dim",
        "num_key_value_heads",
        "rope_scaling",
        "rope_parameters",
        "layer_types",
        "n_inner",
        "rope_theta",
    ]
    v.fields[v.rng.choice([*keys, "rms_norm_eps", "tie_word_embeddings", "use_sliding_window"])] = None
    v.refusable = True


def aliased(v: Variant) -> None:
    """GPT-2 by the names of others, instead of its own or beside them."""
    for key, alias in {
        "n_embd": "hidden_size",
        "n_layer": "num_hidden_layers",
        "n_head": "num_attention_heads",
        "n_positions": "max_position_embeddings",
    }.items():
        if is_gpt2(v) and key in v.fields and v.rng.random() < 0.5:
            v.fields[alias] = v.fields[key] if v.rng.random() < 0.5 else {"n_layer": 2, "n_head": 2}.get(key, 24)
            if v.rng.random() < 0.5:
                del v.fields[key]
    v.refusable |= is_gpt2(v) and (v.fields.get("hidden_size") or 16) % 4 != 0


def both_ropes(v: Variant) -> None:
    """The old form beside the new one, each saying something else."""
    v.fields["rope_scaling"] = {"rope_type": "linear", "factor": 3.0}
    new = {"rope_type": "default", "rope_theta": 700.0}
    v.fields["rope_parameters"] = {"full_attention": new} if is_gemma(v) else new
    v.refusable |= refused(v.fields["rope_scaling"], v)


def is_gemma(v: Variant) -> bool:
    return v.fields["model_type"].startswith("gemma3")


def is_gpt2(v: Variant) -> bool:
    return v.fields["model_type"] == "gpt2"


CONFIG_CHANGES: list[Callable[[Variant], None]] = [
    *(both_ropes, old_rope, new_rope, nested_rope, local_base, partial, original_length),
    *(layer_types, window, tied, biases, numbers, absent, null, aliased),
]


def vary(family: str, rng: random.Random, only: Callable[[Variant], None] | None = None) -> Variant:
    """A config of the family with a few changes, or only that one."""
    config = json.loads(json.dumps(BASES[family]))
    v = Variant(config=config, fields=config.get("text_config", config), rng=rng)
    for change in [only] if only else rng.sample(CONFIG_CHANGES, rng.randint(0, 4)):
        change(v)
        v.changes.append(change.__name__)
    return v


Tensors = dict[str, np.ndarray]


def write_weights(v: Variant, directory: Path, tensors: Tensors, head: str, embed: str) -> None:
    """The weights as one of many trainers would leave them; `head` and `embed` name the two ends of the model."""
    rng, draw = v.rng, np.random.default_rng(v.rng.randrange(2**32))
    tensors = dict(tensors)
    change = rng.choice(
        ["plain", "plain", "head", "only head", "same head", "prefix", "bare", "extra", "lost", "buffers"]
    )
    v.changes.append(change)
    if change == "head":
        tensors[head] = draw.normal(size=tensors[embed].shape).astype(np.float32)
    elif change in ("only head", "same head"):
        tensors[head] = tensors[embed]
        if change == "only head":
            del tensors[embed]
            v.refusable = True
    elif change == "prefix":
        tensors = {f"_orig_mod.{name}": value for name, value in tensors.items()}
    elif change == "bare":
        tensors = {name.removeprefix("model.").removeprefix("transformer."): value for name, value in tensors.items()}
    elif change == "extra":
        name = rng.choice(["v_head.summary.weight", "score.weight", "model.layers.9.mlp.up_proj.weight", "mystery"])
        tensors[name] = draw.normal(size=(3, 16)).astype(np.float32)
        v.refusable |= name.startswith(("model.", "mystery"))
    elif change == "lost":
        del tensors[rng.choice(sorted(name for name in tensors if "vision" not in name and "projector" not in name))]
        v.refusable = True
    elif change == "buffers":
        tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = np.ones(3, np.float32)
        tensors["transformer.h.1.attn.bias"] = np.ones((1, 1, 32, 32), np.uint8)
        v.refusable = True
    shards = rng.choice([1, 1, 2, 3])
    if shards == 1:
        save_file(tensors, directory / "model.safetensors")
        return
    weight_map = {name: f"model-0000{rng.randint(1, shards)}-of-{shards}.safetensors" for name in tensors}
    files: dict[str, Tensors] = {file: {} for file in set(weight_map.values())}
    for name, file in weight_map.items():
        files[file][name] = tensors[name]
    if rng.random() < 0.5:
        name, altered = rng.choice(sorted(tensors)), rng.random() < 0.5
        files[rng.choice(sorted(files))].setdefault(name, tensors[name] * (2 if altered else 1))
        v.changes.append(f"{name} twice")
        v.refusable |= altered
    for file, held in files.items():
        save_file(held, directory / file)
    (directory / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
