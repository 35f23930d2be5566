"""What published configs become: sizes, windows, rotations; old and new forms; what is refused."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from real_models import read_checkpoint
from real_models.checkpoints.families import family_of
from real_models.decoding import decoder

LLAMA2 = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "max_position_embeddings": 4096,
    "rms_norm_eps": 1e-5,
    "rope_scaling": None,
    "tie_word_embeddings": False,
    "vocab_size": 32000,
}
LLAMA3_ROPE = {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
LLAMA3_ROPE |= {"original_max_position_embeddings": 8192}
LLAMA3 = LLAMA2 | {
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "rope_theta": 500_000.0,
    "rope_scaling": LLAMA3_ROPE,
    "tie_word_embeddings": True,
    "vocab_size": 128_256,
}
MISTRAL = LLAMA2 | {
    "model_type": "mistral",
    "intermediate_size": 14336,
    "num_key_value_heads": 8,
    "rope_theta": 10_000.0,
    "sliding_window": 4096,
}
QWEN2 = {
    "model_type": "qwen2",
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "max_window_layers": 21,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1e6,
    "sliding_window": 32768,
    "tie_word_embeddings": True,
    "use_sliding_window": False,
    "vocab_size": 151_936,
}


def qwen3(d, ff, layers, heads, tied):
    sizes = {"hidden_size": d, "intermediate_size": ff, "num_hidden_layers": layers, "num_attention_heads": heads}
    rest = {"num_key_value_heads": 8, "head_dim": 128, "tie_word_embeddings": tied, "attention_bias": False}
    return QWEN2 | sizes | rest | {"model_type": "qwen3", "sliding_window": None, "max_window_layers": layers}


def gpt2(d, layers, heads):
    sizes = {"n_embd": d, "n_layer": layers, "n_head": heads}
    return sizes | {"model_type": "gpt2", "n_positions": 1024, "vocab_size": 50257, "activation_function": "gelu_new"}


GEMMA_1B = {
    "model_type": "gemma3_text",
    "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh",
    "hidden_size": 1152,
    "intermediate_size": 6912,
    "num_attention_heads": 4,
    "num_hidden_layers": 26,
    "num_key_value_heads": 1,
    "query_pre_attn_scalar": 256,
    "rms_norm_eps": 1e-6,
    "rope_local_base_freq": 10000,
    "rope_scaling": None,
    "rope_theta": 1_000_000,
    "sliding_window": 512,
    "sliding_window_pattern": 6,
    "vocab_size": 262_144,
}
GEMMA_4B = {
    "model_type": "gemma3",
    "text_config": {
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "model_type": "gemma3_text",
        "num_hidden_layers": 34,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "sliding_window": 1024,
    },
    "vision_config": {"hidden_size": 1152},
}
LLAMA3_8B = LLAMA2 | {"intermediate_size": 14336, "num_key_value_heads": 8, "rope_theta": 500_000.0}
LLAMA3_8B |= {"max_position_embeddings": 8192, "vocab_size": 128_256}
QWEN2_7B = QWEN2 | {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "max_window_layers": 28}
QWEN2_7B |= {"num_attention_heads": 28, "num_key_value_heads": 4, "tie_word_embeddings": False, "vocab_size": 152_064}
# Config, and the published number of parameters, a tied unembedding counted once. GPT-2's blocks are 7,087,872 each.
MODELS = {
    "gpt, one block": (gpt2(768, 1, 12), 124_439_808 - 11 * 7_087_872),
    "gpt2": (gpt2(768, 12, 12), 124_439_808),
    "gpt2-large": (gpt2(1280, 36, 20), 774_030_080),
    "gpt2-xl": (gpt2(1600, 48, 25), 1_557_611_200),
    "gemma-3-1b": (GEMMA_1B, 999_885_952),
    "gemma-3-4b": (GEMMA_4B, 3_880_263_168),
    "qwen3-0.6b": (qwen3(1024, 3072, 28, 16, True), 596_049_920),
    "qwen3-4b": (qwen3(2560, 9728, 36, 32, True), 4_022_468_096),
    "qwen3-8b": (qwen3(4096, 12288, 36, 32, False), 8_190_735_360),
    "llama-2-7b": (LLAMA2, 6_738_415_616),
    "mistral-7b": (MISTRAL, 7_241_732_096),
    "llama-3-8b": (LLAMA3_8B, 8_030_261_248),
    "llama-3.2-1b": (LLAMA3, 1_235_814_400),
    "qwen2.5-0.5b": (QWEN2, 494_032_768),
    "qwen2.5-7b": (QWEN2_7B, 7_615_616_512),
}


def spec_of(config):
    family, fields = family_of(config)
    return family.spec(fields)


@pytest.mark.parametrize("name", MODELS)
def test_number_of_parameters(name):
    config, expected = MODELS[name]
    family, fields = family_of(config)
    assert sum(math.prod(tensor.shape) for tensor in family.tensors(fields, family.spec(fields))) == expected


@pytest.mark.parametrize("name", MODELS)
def test_published_configs_at_reduced_width(checkpoint, name):
    """Everything but the sizes as published: random weights of the right names load, and nothing is left over."""
    small = {"hidden_size": 16, "intermediate_size": 12, "head_dim": 6, "vocab_size": 11, "num_key_value_heads": 1}
    config = MODELS[name][0]
    if config["model_type"] == "gpt2":
        config = config | {"n_embd": 4 * config["n_head"], "vocab_size": 11, "n_positions": 8}
    elif "text_config" in config:
        config = config | {"text_config": config["text_config"] | small}
    else:
        config = config | small
    spec, params = read_checkpoint(checkpoint(config))
    assert spec.vocab_size == 11
    assert spec.n_layers == len(params["blocks"]) == spec_of(MODELS[name][0]).n_layers


def test_windows_and_rotations():
    """Which blocks see how far, and how fast they rotate."""
    gemma = spec_of(GEMMA_4B)
    assert set(range(34)) - set(gemma.local) == {5, 11, 17, 23, 29}
    assert gemma.embed_scale == 2560**0.5
    assert gemma.score_width == 256
    far, near = decoder.of_block(gemma, 5), decoder.of_block(gemma, 33)
    assert (far.window, far.rope_theta, far.rope_scaling) == (None, 1e6, decoder.RopeScaling(factor=8.0))
    assert (near.window, near.rope_theta, near.rope_scaling) == (1024, 1e4, None)
    assert spec_of(GEMMA_1B).rope_scaling is None

    assert {decoder.of_block(spec_of(MISTRAL), layer).window for layer in range(32)} == {4096}
    assert spec_of(MISTRAL | {"sliding_window": None}).local == ()
    assert spec_of(QWEN2).local == ()
    assert spec_of(QWEN2 | {"use_sliding_window": True}).local == (21, 22, 23)
    listed = ["full_attention", "sliding_attention"] * 12
    assert spec_of(QWEN2 | {"use_sliding_window": True, "layer_types": listed}).local == tuple(range(1, 24, 2))


def test_old_and_new_forms():
    """transformers 5 writes what transformers 4 called otherwise; the spec is the same."""
    gemma_rope = {
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
        "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
    }
    kinds = ["full_attention" if layer % 6 == 5 else "sliding_attention" for layer in range(34)]
    forms = [
        (LLAMA2 | {"rope_theta": 5e5}, {"rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}),
        (LLAMA3, {"rope_parameters": LLAMA3_ROPE | {"rope_theta": 5e5}}),
        (GEMMA_4B["text_config"], {"rope_parameters": gemma_rope, "layer_types": kinds}),
    ]
    for old, change in forms:
        new = {key: value for key, value in old.items() if key not in ("rope_theta", "rope_scaling")} | change
        assert spec_of(old) == spec_of(new) != spec_of(new | {"rope_parameters": None, "num_hidden_layers": 34})


def test_llama3_frequencies():
    """Fast waves kept, slow ones divided by the factor, those in between interpolated (Llama 3's reference code)."""
    spec = spec_of(LLAMA3)
    plain = spec.rope_theta ** (-2 * np.arange(32) / 64)
    expected = []
    for frequency in plain:
        wavelength = 2 * math.pi / frequency
        smooth = (8192 / wavelength - 1) / (4 - 1)
        mixed = (1 - smooth) * frequency / 32 + smooth * frequency
        expected.append(frequency if wavelength < 8192 / 4 else frequency / 32 if wavelength > 8192 else mixed)
    np.testing.assert_allclose(decoder.frequencies(spec), expected, rtol=1e-6)
    assert len({round(float(x), 9) for x in plain / np.array(expected)}) > 3


@pytest.mark.parametrize("window", [1, 3, 5, 9])
def test_window(window):
    """Key k is seen by query q where q - window < k <= q."""
    mask = np.asarray(decoder.causal_mask(jnp.ones((1, 5), bool), window))[0]
    q, k = np.indices((5, 5))
    assert (mask == ((q - window < k) & (k <= q))).all()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (LLAMA2 | {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, "unsupported rope type 'yarn'"),
        (LLAMA2 | {"rope_scaling": {"type": "dynamic", "factor": 4.0}}, "unsupported rope type 'dynamic'"),
        (LLAMA2 | {"rope_scaling": {"rope_type": "longrope"}}, "unsupported rope type 'longrope'"),
        (LLAMA3 | {"rope_scaling": LLAMA3_ROPE | {"factor": None}}, "factor is None, expected a positive number"),
        (LLAMA3 | {"rope_scaling": LLAMA3_ROPE | {"high_freq_factor": 1}}, "high_freq_factor is 1.0, expected more"),
        (LLAMA2 | {"rope_scaling": {"rope_type": "linear"}}, "factor is None, expected a positive number"),
        (MISTRAL | {"sliding_window": 0}, "sliding_window is 0, expected a positive integer"),
        (QWEN2 | {"use_sliding_window": True, "max_window_layers": -1}, "max_window_layers is -1, expected a non-neg"),
        (GEMMA_1B | {"layer_types": ["full_attention"]}, r"layer_types is \['full_attention'\], expected 26 of"),
        (GEMMA_1B | {"layer_types": ["chunked"] * 26}, r"layer_types is .*, expected 26 of"),
        (GEMMA_1B | {"use_bidirectional_attention": True}, "use_bidirectional_attention is True, expected none"),
        (GEMMA_1B | {"attn_logit_softcapping": 50.0}, "attn_logit_softcapping is 50.0, expected none"),
        (GEMMA_1B | {"final_logit_softcapping": -1}, "final_logit_softcapping is -1, expected a positive number"),
        (GEMMA_1B | {"query_pre_attn_scalar": 0}, "query_pre_attn_scalar is 0, expected a positive number"),
        (
            GEMMA_1B | {"rope_parameters": {"sliding_attention": {"rope_type": "linear", "factor": 2.0}}},
            "the sliding blocks' rotation is scaled",
        ),
        (GEMMA_4B | {"text_config": None}, "text_config is None, expected an object"),
        (GEMMA_4B | {"quantization_config": {"bits": 4}}, "quantised checkpoints are not supported"),
    ],
)
def test_refused(config, message):
    with pytest.raises(ValueError, match=message):
        spec_of(config)
