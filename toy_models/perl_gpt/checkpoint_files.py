"""Write a decoder's parameters as an ordinary Hugging Face GPT-2 checkpoint directory."""

from pathlib import Path

import numpy as np

from real_models.decoding.decoder import Params, Spec
from toy_models.checkpoint_files import save_checkpoint, shared_config

LAYER_NAMES = {
    "ln_1": ("attn_norm",),
    "attn.c_attn": ("q", "k", "v"),
    "attn.c_proj": ("o",),
    "ln_2": ("mlp_norm",),
    "mlp.c_fc": ("up",),
    "mlp.c_proj": ("down",),
}


def save_gpt2(spec: Spec, params: Params, directory: Path, bos: int) -> None:
    """Write `config.json`, `generation_config.json` and `model.safetensors` (bfloat16, matrices [in, out])."""
    save_checkpoint(directory, gpt2_config(spec, bos), gpt2_tensors(params), bos)


def gpt2_config(spec: Spec, bos: int) -> dict:
    """`config.json` for `GPT2LMHeadModel`."""
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "n_embd": spec.d_model,
        "n_inner": spec.d_ff,
        "n_layer": spec.n_layers,
        "n_head": spec.n_heads,
        "n_positions": spec.max_positions,
        "n_ctx": spec.max_positions,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": spec.norm_eps,
        "vocab_size": spec.vocab_size,
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
        **shared_config(spec, bos),
    }


def gpt2_tensors(params: Params) -> dict[str, np.ndarray]:
    """The parameters under Hugging Face names, queries, keys and values side by side."""
    tensors = {"transformer.wte.weight": params["embed"], "transformer.wpe.weight": params["positions"]}
    for part in ("weight", "bias"):
        tensors[f"transformer.ln_f.{part}"] = params["final_norm"][part]
        for i, block in enumerate(params["blocks"]):
            for name, ours in LAYER_NAMES.items():
                joined = np.concatenate([np.asarray(block[path][part]) for path in ours], axis=-1)
                tensors[f"transformer.h.{i}.{name}.{part}"] = joined
    if "unembed" in params:
        tensors["lm_head.weight"] = params["unembed"]
    return tensors
