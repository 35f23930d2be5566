"""The model families: how a `config.json` becomes a `Spec`, and which tensors of the files become which parameters.

Adding a family is adding a row to `FAMILIES`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from real_models.checkpoints.config import Config, shown, supported
from real_models.checkpoints.layouts import (
    FUSED_LINEARS,
    GEMMA_NORMS,
    POST_NORMS,
    PRE_NORMS,
    QK_NORMS,
    Tensor,
    attention_biases,
    gpt2_tensors,
    no_biases,
    rotary_tensors,
)
from real_models.checkpoints.specs import (
    gemma_spec,
    gemma_tower_spec,
    gpt2_spec,
    granite_spec,
    olmo2_spec,
    qwen_spec,
    rotary_spec,
    windowed_spec,
)
from real_models.decoding.decoder import Spec


@dataclass(frozen=True, kw_only=True)
class Family:
    """One row of the table.

    Names in files may start with `prefix`; without it, those that match `buffers` are no weights, and those that match
    `ignored` are weights of other parts of a larger model (all are regexes). `defaults` are what its configs may leave
    out, as transformers fills it in; `aliases` are other names of fields, which win over the fields themselves. The
    decoder's fields may lie under the key `part` of the config.
    """

    spec: Callable[[Config], Spec]
    tensors: Callable[[Config, Spec], Iterator[Tensor]]
    prefix: str = r"model\."
    buffers: str = r".*rotary_emb\.inv_freq"
    ignored: str = r""
    defaults: Config = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    part: str | None = None


def family_of(config: Config) -> tuple[Family, Config]:
    """The family that `model_type` names, and the fields of its decoder with the family's defaults filled in.

    A `ValueError` says what is supported or what is in the way.
    """
    model_type = config.get("model_type")
    if not isinstance(model_type, str) or model_type not in FAMILIES:
        expected = f"expected one of {sorted(FAMILIES)}"
        raise ValueError(f"unsupported architecture: model_type is {shown(model_type)}, {expected}")
    supported(config)
    family = FAMILIES[model_type]
    if family.part is not None:
        if not isinstance(inner := config.get(family.part), dict):
            raise ValueError(f"{family.part} is {shown(inner)}, expected an object with the fields of the text model")
        supported(inner)
        outer = {key: config[key] for key in ("tie_word_embeddings",) if key in config}
        config = inner | {"model_type": family.defaults["model_type"]} | outer
    renamed = {theirs: config[alias] for alias, theirs in family.aliases.items() if alias in config}
    return family, family.defaults | config | renamed


LLAMA_DEFAULTS = {
    "vocab_size": 32_000,
    "hidden_size": 4096,
    "intermediate_size": 11_008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "hidden_act": "silu",
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10_000.0,
    "tie_word_embeddings": False,
}
QWEN_DEFAULTS = LLAMA_DEFAULTS | {
    "vocab_size": 151_936,
    "intermediate_size": 22_016,
    "num_key_value_heads": 32,
    "max_position_embeddings": 32_768,
    "sliding_window": 4096,
    "max_window_layers": 28,
}
GEMMA = Family(
    spec=gemma_spec,
    tensors=partial(rotary_tensors, norms=GEMMA_NORMS | QK_NORMS, norm_offset=1.0, biases=attention_biases),
    defaults={
        "model_type": "gemma3_text",
        "vocab_size": 262_208,
        "hidden_size": 2304,
        "intermediate_size": 9216,
        "num_hidden_layers": 26,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh",
        "max_position_embeddings": 131_072,
        "rms_norm_eps": 1e-6,
        "query_pre_attn_scalar": 256,
        "sliding_window": 4096,
        "sliding_window_pattern": 6,
        "rope_theta": 1_000_000.0,
        "rope_local_base_freq": 10_000.0,
        "tie_word_embeddings": True,
    },
)
FAMILIES: dict[str, Family] = {
    "gpt2": Family(
        spec=gpt2_spec,
        tensors=gpt2_tensors,
        prefix=r"transformer\.",
        buffers=r"h\.\d+\.attn\.(bias|masked_bias)",
        defaults={
            "vocab_size": 50_257,
            "n_positions": 1024,
            "n_embd": 768,
            "n_layer": 12,
            "n_head": 12,
            "layer_norm_epsilon": 1e-5,
            "activation_function": "gelu_new",
            "tie_word_embeddings": True,
        },
        aliases={
            "hidden_size": "n_embd",
            "max_position_embeddings": "n_positions",
            "num_attention_heads": "n_head",
            "num_hidden_layers": "n_layer",
        },
    ),
    "llama": Family(spec=rotary_spec, tensors=rotary_tensors, defaults=LLAMA_DEFAULTS),
    "granite": Family(
        spec=granite_spec,
        tensors=rotary_tensors,
        defaults=LLAMA_DEFAULTS
        | {f"{name}_multiplier": 1.0 for name in ("embedding", "residual", "attention")}
        | {"logits_scaling": 1.0},
    ),
    "olmo2": Family(
        spec=olmo2_spec,
        tensors=partial(
            rotary_tensors,
            norms=POST_NORMS | QK_NORMS,
            biases=attention_biases,
            qk_norm_by_head=False,
        ),
        defaults=LLAMA_DEFAULTS | {"vocab_size": 50_304, "rms_norm_eps": 1e-5},
    ),
    "mistral": Family(
        spec=windowed_spec,
        tensors=partial(rotary_tensors, biases=no_biases),
        defaults=LLAMA_DEFAULTS
        | {"intermediate_size": 14_336, "num_key_value_heads": 8, "max_position_embeddings": 131_072}
        | {"sliding_window": 4096},
    ),
    "phi3": Family(
        spec=windowed_spec,
        tensors=partial(rotary_tensors, linears=FUSED_LINEARS, biases=no_biases),
        defaults=LLAMA_DEFAULTS
        | {"vocab_size": 32_064, "hidden_size": 3072, "intermediate_size": 8192}
        | {"max_position_embeddings": 4096, "rms_norm_eps": 1e-5},
    ),
    "qwen2": Family(
        spec=qwen_spec,
        tensors=partial(rotary_tensors, biases=lambda _config: "q k v"),
        defaults=QWEN_DEFAULTS,
    ),
    "qwen3": Family(
        spec=qwen_spec,
        tensors=partial(rotary_tensors, norms=PRE_NORMS | QK_NORMS, biases=attention_biases),
        defaults=QWEN_DEFAULTS | {"head_dim": 128},
    ),
    "gemma3_text": GEMMA,
    "gemma3": replace(
        GEMMA,
        spec=gemma_tower_spec,
        prefix=r"language_model\.model\.|model\.language_model\.|language_model\.|model\.",
        ignored=r"(vision_tower|multi_modal_projector)\..*",
        part="text_config",
    ),
}
