"""The decoder against transformers on random checkpoints: logits, every block's residual, steered logits."""

import jax
import numpy as np
import pytest

from real_models import decoder, load_model

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

COMMON = {"bos_token_id": None, "eos_token_id": None, "attn_implementation": "eager"}
LLAMA = {
    "vocab_size": 61,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 10,
    "max_position_embeddings": 512,
}
GPT2 = {"vocab_size": 53, "n_embd": 24, "n_layer": 3, "n_head": 3, "n_positions": 200}
CASES = {
    "llama-grouped": ("Llama", LLAMA | {"rms_norm_eps": 1e-5}),
    "llama-one-key-head-tied-biased": (
        "Llama",
        LLAMA
        | {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True, "num_key_value_heads": 1}
        | {"rope_parameters": {"rope_type": "default", "rope_theta": 500_000.0}, "hidden_act": "gelu_pytorch_tanh"},
    ),
    "gpt2": ("GPT2", GPT2),
    "gpt2-untied-narrow": ("GPT2", GPT2 | {"tie_word_embeddings": False, "n_inner": 40, "layer_norm_epsilon": 1e-3}),
}
STRENGTHS = np.array([-3.0, 0.0, 0.7, 8.0])


@pytest.fixture(scope="module", params=CASES)
def pair(request, tmp_path_factory):
    """The same random weights in transformers, and loaded by us from what transformers saved."""
    name, options = CASES[request.param]
    config = getattr(transformers, f"{name}Config")(**options, **COMMON)
    oracle = getattr(transformers, f"{name}LMHeadModel" if name == "GPT2" else f"{name}ForCausalLM")(config).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter_name, parameter in oracle.named_parameters():
            parameter.normal_(0, 0.25, generator=generator)
            if parameter_name.endswith(("norm.weight", "ln_1.weight", "ln_2.weight", "ln_f.weight")):
                parameter += 1
    directory = tmp_path_factory.mktemp(request.param)
    oracle.save_pretrained(directory)
    return oracle, load_model(str(directory))


def blocks_of(oracle):
    return oracle.transformer.h if hasattr(oracle, "transformer") else oracle.model.layers


def tokens_of(model, length, batch=1, seed=0):
    return np.random.default_rng(seed).integers(0, model.vocab_size, (batch, length))


def oracle_forward(oracle, tokens, mask=None, edit=lambda layer, output: output):
    """Logits and every block's output, each output passed through `edit` by a forward hook."""
    outputs = {}

    def hook(layer):
        def keep(_module, _inputs, output):
            plain = output[0] if isinstance(output, tuple) else output
            outputs[layer] = edit(layer, plain)
            return (outputs[layer], *output[1:]) if isinstance(output, tuple) else outputs[layer]

        return keep

    handles = [block.register_forward_hook(hook(layer)) for layer, block in enumerate(blocks_of(oracle))]
    mask = np.ones_like(tokens) if mask is None else mask
    with torch.no_grad():
        logits = oracle(
            input_ids=torch.tensor(tokens),
            attention_mask=torch.tensor(mask),
            position_ids=torch.tensor(np.clip(mask.cumsum(axis=1) - 1, 0, None)),
            use_cache=False,
        ).logits
    for handle in handles:
        handle.remove()
    return logits.numpy(), [outputs[layer].numpy() for layer in range(len(outputs))]


def oracle_steered(oracle, tokens, strength, vectors, positions="all"):
    """Last-position logits with `strength * vectors[layer]` added by a hook."""

    def edit(layer, output):
        if layer not in vectors:
            return output
        output = output.clone()
        where = slice(None) if positions == "all" else slice(-1, None)
        output[:, where] += strength * torch.tensor(vectors[layer], dtype=output.dtype)
        return output

    return oracle_forward(oracle, tokens, edit=edit)[0][0, -1]


def assert_agree(ours, theirs):
    """Within 1e-5 of the scale: some tens of float32 roundings, what reordered sums of this depth may differ by."""
    difference, scale = np.abs(np.asarray(ours) - theirs).max(), np.abs(theirs).max()
    assert difference <= 1e-5 * scale, f"max difference {difference:.3g} at scale {scale:.3g}"


@pytest.mark.parametrize("length", [7, 150])
def test_logits_and_residuals(pair, length):
    oracle, model = pair
    tokens = tokens_of(model, length)
    logits, residuals = oracle_forward(oracle, tokens)
    assert_agree(model.position_logits(tokens[0]), logits[0])
    for layer, residual in enumerate(residuals):
        assert_agree(model.residual(tokens[0], layer), residual[0])


def test_left_padded_batch(pair):
    oracle, model = pair
    tokens, mask = tokens_of(model, 11, batch=3), np.ones((3, 11), int)
    mask[0, :4], mask[2, :9] = 0, 0
    theirs, _ = oracle_forward(oracle, tokens, mask)
    forward = jax.jit(decoder.forward, static_argnames="spec")
    ours = np.asarray(forward(model.spec, model.params, tokens, mask.astype(bool)))
    assert_agree(ours[mask == 1], theirs[mask == 1])


@pytest.mark.parametrize("positions", ["all", "last"])
@pytest.mark.parametrize("layers", [[0], [2], [0, 1]])
def test_steered_logits(pair, layers, positions):
    oracle, model = pair
    tokens = tokens_of(model, 7, seed=2)
    vectors = dict(zip(layers, np.random.default_rng(3).normal(size=(len(layers), model.d_model)), strict=True))
    theirs = np.stack([oracle_steered(oracle, tokens, alpha, vectors, positions) for alpha in STRENGTHS])
    layer, vector = (layers, list(vectors.values())) if len(layers) > 1 else (layers[0], vectors[layers[0]])
    assert_agree(model.logits(tokens[0], STRENGTHS, layer=layer, vector=vector, positions=positions), theirs)


def test_tampering_is_caught(pair):
    """The comparison above tells: a flipped sign, a neighbouring layer, the wrong positions all fail it."""
    oracle, model = pair
    tokens, vector = tokens_of(model, 7, seed=2), np.random.default_rng(3).normal(size=model.d_model)
    theirs = np.stack([oracle_steered(oracle, tokens, alpha, {1: vector}) for alpha in STRENGTHS])
    tampered = [{"layer": 1, "vector": -vector}, {"layer": 0, "vector": vector}, {"layer": 2, "vector": vector}]
    tampered.append({"layer": 1, "vector": vector, "positions": "last"})
    for arguments in tampered:
        with pytest.raises(AssertionError, match="max difference"):
            assert_agree(model.logits(tokens[0], STRENGTHS, **arguments), theirs)


def test_cross_entropy(pair):
    oracle, model = pair
    block, vector = tokens_of(model, 9), np.random.default_rng(4).normal(size=model.d_model)

    def oracle_loss(alpha):
        shift = torch.tensor(alpha * vector, dtype=torch.float32)
        logits, _ = oracle_forward(oracle, block, edit=lambda layer, output: output + (layer == 1) * shift)
        return torch.nn.functional.cross_entropy(torch.tensor(logits[0, :-1]), torch.tensor(block[0, 1:])).numpy()

    theirs = np.array([[oracle_loss(alpha)] for alpha in STRENGTHS])
    assert_agree(model.cross_entropy(block, STRENGTHS, layer=1, vector=vector), theirs)
