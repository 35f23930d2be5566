"""How the fields of a family's config become a `Spec`: one function a kind of decoder."""

from collections.abc import Sequence
from dataclasses import replace

from real_models.checkpoints.config import (
    MOST_BLOCKS,
    Config,
    activation,
    agreed_local_blocks,
    checked,
    flag,
    listed_local_blocks,
    number,
    optional_number,
    shown,
    size,
    usual,
)
from real_models.checkpoints.rotations import rotation, rotations_by_type
from real_models.decoding.decoder import Spec


def rotary_spec(config: Config, local: Sequence[int] | None = ()) -> Spec:
    """Llama and its kin: RMSNorm, rotary positions, grouped queries, a gated MLP.

    `local` are the blocks with a window, or None where `layer_types` may say which.
    """
    d_model, n_heads = size(config, "hidden_size"), size(config, "num_attention_heads")
    n_layers = size(config, "num_hidden_layers", most=MOST_BLOCKS)
    theta, scaling = rotation(config)
    return checked(
        Spec(
            family=config["model_type"],
            n_layers=n_layers,
            d_model=d_model,
            n_heads=n_heads,
            n_kv_heads=size(config, "num_key_value_heads", n_heads),
            head_dim=size(config, "head_dim", d_model // n_heads),
            d_ff=size(config, "intermediate_size"),
            vocab_size=size(config, "vocab_size"),
            max_positions=size(config, "max_position_embeddings"),
            norm="rms",
            norm_eps=number(config, "rms_norm_eps"),
            activation=activation(config, "hidden_act"),
            positions="rope",
            rope_theta=theta,
            rope_scaling=scaling,
            local=() if local is None else agreed_local_blocks(config, n_layers, local),
            tied=flag(config, "tie_word_embeddings"),
        )
    )


def windowed_spec(config: Config) -> Spec:
    """Mistral and Phi-3: a window, unless it is null, in every block."""
    if config.get("sliding_window") is None:
        return rotary_spec(config)
    window, n_layers = size(config, "sliding_window"), size(config, "num_hidden_layers", most=MOST_BLOCKS)
    return replace(rotary_spec(config, range(n_layers)), window=window)


def qwen_spec(config: Config) -> Spec:
    """Qwen 2.5 and 3: a window in the upper blocks, and only where `use_sliding_window` says so."""
    if not flag(config, "use_sliding_window") or config["sliding_window"] is None:
        return rotary_spec(config)
    spec = rotary_spec(config, None)
    listed = listed_local_blocks(config, spec.n_layers)
    local = tuple(range(size(config, "max_window_layers", least=0), spec.n_layers)) if listed is None else listed
    return replace(spec, window=size(config, "sliding_window"), local=local)


def granite_spec(config: Config) -> Spec:
    """Granite: Llama with multipliers of the embeddings, of what the sublayers write, of the scores and the logits."""
    return replace(
        rotary_spec(config),
        embed_scale=number(config, "embedding_multiplier"),
        residual_scale=number(config, "residual_multiplier"),
        score_width=number(config, "attention_multiplier") ** -2,
        logit_divisor=number(config, "logits_scaling"),
    )


def olmo2_spec(config: Config) -> Spec:
    """OLMo 2: sublayers read the residual stream as it is, and what they write is normed."""
    return replace(rotary_spec(config), pre_norm=False)


def gemma_spec(config: Config) -> Spec:
    """Gemma 3: scaled embeddings, norms after the sublayers too, five local blocks to every one that sees all."""
    for key in ("use_bidirectional_attention", "attn_logit_softcapping"):
        if config.get(key):
            raise ValueError(f"unsupported Gemma 3 variant: {key} is {shown(config[key])}, expected none")
    (theta, scaling), local_theta = rotations_by_type(config)
    plain = {"hidden_act": config["hidden_activation"], "rope_parameters": None, "rope_scaling": None}
    spec = rotary_spec(config | plain, None)
    period = size(config, "sliding_window_pattern")
    listed = listed_local_blocks(config, spec.n_layers)
    return replace(
        spec,
        rope_theta=theta,
        rope_scaling=scaling,
        window=size(config, "sliding_window"),
        local=tuple(n for n in range(spec.n_layers) if (n + 1) % period) if listed is None else listed,
        local_theta=local_theta,
        embed_scale=spec.d_model**0.5,
        score_width=number(config, "query_pre_attn_scalar"),
        logit_cap=optional_number(config, "final_logit_softcapping"),
    )


def gemma_tower_spec(config: Config) -> Spec:
    """The text tower of a multimodal Gemma 3, whose logits transformers leaves uncapped."""
    usual(config, "multimodal Gemma 3", {"final_logit_softcapping": None})
    return gemma_spec(config)


def gpt2_spec(config: Config) -> Spec:
    """GPT-2: LayerNorm, learned positions, biases everywhere, a plain MLP."""
    plain = {"scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False}
    usual(config, "GPT-2", plain)
    d_model, n_heads = size(config, "n_embd"), size(config, "n_head")
    return checked(
        Spec(
            family="gpt2",
            n_layers=size(config, "n_layer", most=MOST_BLOCKS),
            d_model=d_model,
            n_heads=n_heads,
            n_kv_heads=n_heads,
            head_dim=d_model // n_heads,
            d_ff=size(config, "n_inner", 4 * d_model),
            vocab_size=size(config, "vocab_size"),
            max_positions=size(config, "n_positions"),
            norm="layer",
            norm_eps=number(config, "layer_norm_epsilon"),
            activation=activation(config, "activation_function"),
            positions="learned",
            tied=flag(config, "tie_word_embeddings"),
        )
    )
