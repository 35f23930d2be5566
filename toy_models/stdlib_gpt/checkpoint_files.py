"""Write a decoder's parameters as an ordinary Hugging Face Llama checkpoint directory."""

from pathlib import Path

import numpy as np

from real_models.decoding.decoder import Params, Spec
from toy_models.checkpoint_files import save_checkpoint, shared_config

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "mlp_norm": "post_attention_layernorm",
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "o": "self_attn.o_proj",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}


def save_llama(spec: Spec, params: Params, directory: Path, bos: int) -> None:
    """Write `config.json`, `generation_config.json` and `model.safetensors` (bfloat16, matrices [out, in])."""
    save_checkpoint(directory, llama_config(spec, bos), llama_tensors(params), bos)


def llama_config(spec: Spec, bos: int) -> dict:
    """`config.json` for `LlamaForCausalLM`; RoPE in the fields of transformers 4 and of 5."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": spec.d_model,
        "intermediate_size": spec.d_ff,
        "num_hidden_layers": spec.n_layers,
        "num_attention_heads": spec.n_heads,
        "num_key_value_heads": spec.n_kv_heads,
        "head_dim": spec.head_dim,
        "hidden_act": "silu",
        "rms_norm_eps": spec.norm_eps,
        "vocab_size": spec.vocab_size,
        "max_position_embeddings": spec.max_positions,
        "rope_theta": spec.rope_theta,
        "rope_scaling": None,
        "rope_parameters": {"rope_type": "default", "rope_theta": spec.rope_theta},
        "attention_bias": False,
        "attention_dropout": 0.0,
        "mlp_bias": False,
        **shared_config(spec, bos),
    }


def llama_tensors(params: Params) -> dict[str, np.ndarray]:
    """The parameters under Hugging Face names."""
    tensors = {"model.embed_tokens.weight": params["embed"], "model.norm.weight": params["final_norm"]["weight"]}
    if "unembed" in params:
        tensors["lm_head.weight"] = params["unembed"]
    for i, block in enumerate(params["blocks"]):
        for name, weights in block.items():
            tensors[f"model.layers.{i}.{LAYER_NAMES[name]}.weight"] = np.asarray(weights["weight"]).T
    return tensors
