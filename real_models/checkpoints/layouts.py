"""Where every tensor of a checkpoint's files belongs among our parameters."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from real_models.checkpoints.config import Config
from real_models.decoding.decoder import Spec

PRE_NORMS = {"attn_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm"}
QK_NORMS = {"q_norm": "self_attn.q_norm", "k_norm": "self_attn.k_norm"}
GEMMA_NORMS = {
    "attn_norm": "input_layernorm",
    "attn_post_norm": "post_attention_layernorm",
    "mlp_norm": "pre_feedforward_layernorm",
    "mlp_post_norm": "post_feedforward_layernorm",
}


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """One tensor of a checkpoint: its name and shape there, and where its parts belong among our parameters.

    Several `paths` share a fused tensor evenly along its last axis, after the transposition if there is one. `offset`
    is added to it: Gemma stores the scales of its norms less 1.
    """

    name: str
    shape: tuple[int, ...]
    paths: tuple[str, ...]
    transpose: bool = False
    offset: float = 0.0


def biases_by_flags(config: Config) -> str:
    """Our names of the linear layers that have a bias, by the flags of Llama and its kin."""
    attention = "q k v o " if config.get("attention_bias") else ""
    return attention + ("gate up down" if config.get("mlp_bias") else "")


def rotary_tensors(
    config: Config,
    spec: Spec,
    *,
    norms: Mapping[str, str] = PRE_NORMS,
    norm_offset: float = 0.0,
    biases: Callable[[Config], str] = biases_by_flags,
) -> Iterator[Tensor]:
    """Tensors of Llama and its kin; PyTorch's linear layers are [out, in]. `norms` maps our names to theirs."""
    d, q, kv, ff = spec.d_model, spec.n_heads * spec.head_dim, spec.n_kv_heads * spec.head_dim, spec.d_ff
    linears = [
        ("q", "self_attn.q_proj", d, q),
        ("k", "self_attn.k_proj", d, kv),
        ("v", "self_attn.v_proj", d, kv),
        ("o", "self_attn.o_proj", q, d),
        ("gate", "mlp.gate_proj", d, ff),
        ("up", "mlp.up_proj", d, ff),
        ("down", "mlp.down_proj", ff, d),
    ]
    biased = biases(config).split()

    def scale(name: str, path: str) -> Tensor:
        width = spec.head_dim if name.endswith(("q_norm", "k_norm")) else d
        return Tensor(name=f"{name}.weight", shape=(width,), paths=(f"{path}.weight",), offset=norm_offset)

    yield Tensor(name="embed_tokens.weight", shape=(spec.vocab_size, d), paths=("embed",))
    yield scale("norm", "final_norm")
    for block in range(spec.n_layers):
        ours, theirs = f"blocks.{block}", f"layers.{block}"
        for path, name in norms.items():
            yield scale(f"{theirs}.{name}", f"{ours}.{path}")
        for path, name, n_in, n_out in linears:
            weight = f"{theirs}.{name}.weight"
            yield Tensor(name=weight, shape=(n_out, n_in), paths=(f"{ours}.{path}.weight",), transpose=True)
            if path in biased:
                yield Tensor(name=f"{theirs}.{name}.bias", shape=(n_out,), paths=(f"{ours}.{path}.bias",))
    if not spec.tied:
        yield Tensor(name="lm_head.weight", shape=(spec.vocab_size, d), paths=("unembed",))


def gpt2_tensors(_config: Config, spec: Spec) -> Iterator[Tensor]:
    """Tensors of a GPT-2 checkpoint; its linear layers (`Conv1D`) are [in, out], queries, keys and values fused."""
    d, ff = spec.d_model, spec.d_ff
    layers = [
        (("attn_norm",), "ln_1", (d,), d),
        (("q", "k", "v"), "attn.c_attn", (d, 3 * d), 3 * d),
        (("o",), "attn.c_proj", (d, d), d),
        (("mlp_norm",), "ln_2", (d,), d),
        (("up",), "mlp.c_fc", (d, ff), ff),
        (("down",), "mlp.c_proj", (ff, d), d),
    ]
    yield Tensor(name="wte.weight", shape=(spec.vocab_size, d), paths=("embed",))
    yield Tensor(name="wpe.weight", shape=(spec.max_positions, d), paths=("positions",))
    for part in ("weight", "bias"):
        yield Tensor(name=f"ln_f.{part}", shape=(d,), paths=(f"final_norm.{part}",))
    for block in range(spec.n_layers):
        for ours, theirs, shape, width in layers:
            weights, biases = (tuple(f"blocks.{block}.{path}.{part}" for path in ours) for part in ("weight", "bias"))
            yield Tensor(name=f"h.{block}.{theirs}.weight", shape=shape, paths=weights)
            yield Tensor(name=f"h.{block}.{theirs}.bias", shape=(width,), paths=biases)
    if not spec.tied:
        yield Tensor(name="lm_head.weight", shape=(spec.vocab_size, d), paths=("unembed",))
