"""Where every tensor of a checkpoint's files belongs among our parameters."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from real_models.checkpoints.config import Config, flag
from real_models.decoding.decoder import Spec

PRE_NORMS = {"attn_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm"}
POST_NORMS = {"attn_post_norm": "post_attention_layernorm", "mlp_post_norm": "post_feedforward_layernorm"}
QK_NORMS = {"q_norm": "self_attn.q_norm", "k_norm": "self_attn.k_norm"}
GEMMA_NORMS = POST_NORMS | {"attn_norm": "input_layernorm", "mlp_norm": "pre_feedforward_layernorm"}
LINEARS = {name: f"self_attn.{name}_proj" for name in "qkvo"} | {
    name: f"mlp.{name}_proj" for name in ("gate", "up", "down")
}
FUSED_LINEARS = {
    "q k v": "self_attn.qkv_proj",
    "o": "self_attn.o_proj",
    "gate up": "mlp.gate_up_proj",
    "down": "mlp.down_proj",
}
"""Our linear layers, several in one where the files fuse them, and their name there."""


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """One tensor of a checkpoint: its name and shape there, and where its parts belong among our parameters.

    Several `paths` share a fused tensor along its last axis, after the transposition if there is one: `widths` are
    their shares, equal ones by default. `offset` is added to it: Gemma stores the scales of its norms less 1.
    """

    name: str
    shape: tuple[int, ...]
    paths: tuple[str, ...]
    widths: tuple[int, ...] = ()
    transpose: bool = False
    offset: float = 0.0


def attention_biases(config: Config) -> str:
    """Our names of the linear layers that have a bias, where only those of the attention may."""
    return "q k v o" if flag(config, "attention_bias") else ""


def all_biases(config: Config) -> str:
    """The same for Llama, whose MLP may have some too."""
    return attention_biases(config) + (" gate up down" if flag(config, "mlp_bias") else "")


def no_biases(_config: Config) -> str:
    """The same for a family that has none."""
    return ""


def embedding(spec: Spec, name: str) -> Tensor:
    """The rows of the tokens."""
    return Tensor(name=name, shape=(spec.vocab_size, spec.d_model), paths=("embed",))


def unembedding(spec: Spec) -> Tensor:
    """The tokens' directions, in the files of every family by this name."""
    return Tensor(name="lm_head.weight", shape=(spec.vocab_size, spec.d_model), paths=("unembed",))


def rotary_tensors(
    config: Config,
    spec: Spec,
    *,
    norms: Mapping[str, str] = PRE_NORMS,
    norm_offset: float = 0.0,
    linears: Mapping[str, str] = LINEARS,
    biases: Callable[[Config], str] = all_biases,
    qk_norm_by_head: bool = True,
) -> Iterator[Tensor]:
    """Tensors of Llama and its kin; PyTorch's linear layers are [out, in].

    `norms` and `linears` map our names to theirs; queries and keys are normed head by head, or all heads at once.
    """
    d, q, kv, ff = spec.d_model, spec.n_heads * spec.head_dim, spec.n_kv_heads * spec.head_dim, spec.d_ff
    sizes = {"q": (d, q), "k": (d, kv), "v": (d, kv), "o": (q, d), "gate": (d, ff), "up": (d, ff), "down": (ff, d)}
    read = {"q_norm": spec.head_dim, "k_norm": spec.head_dim} if qk_norm_by_head else {"q_norm": q, "k_norm": kv}
    biased = biases(config).split()

    def scale(name: str, path: str) -> Tensor:
        width = read.get(path.rsplit(".", 1)[-1], d)
        return Tensor(name=f"{name}.weight", shape=(width,), paths=(f"{path}.weight",), offset=norm_offset)

    yield embedding(spec, "embed_tokens.weight")
    yield scale("norm", "final_norm")
    for block in range(spec.n_layers):
        ours, theirs = f"blocks.{block}", f"layers.{block}"
        for path, name in norms.items():
            yield scale(f"{theirs}.{name}", f"{ours}.{path}")
        for fused, name in linears.items():
            parts = fused.split()
            widths, n_in = tuple(sizes[part][1] for part in parts), sizes[parts[0]][0]
            shapes = {"weight": (sum(widths), n_in), "bias": (sum(widths),)}
            for kind in ("weight", "bias") if parts[0] in biased else ("weight",):
                paths = tuple(f"{ours}.{part}.{kind}" for part in parts)
                transpose = kind == "weight"
                stored, shape = f"{theirs}.{name}.{kind}", shapes[kind]
                yield Tensor(name=stored, shape=shape, paths=paths, widths=widths, transpose=transpose)
    if not spec.tied:
        yield unembedding(spec)


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
    yield embedding(spec, "wte.weight")
    yield Tensor(name="wpe.weight", shape=(spec.max_positions, d), paths=("positions",))
    for part in ("weight", "bias"):
        yield Tensor(name=f"ln_f.{part}", shape=(d,), paths=(f"final_norm.{part}",))
    for block in range(spec.n_layers):
        for ours, theirs, shape, width in layers:
            weights, biases = (tuple(f"blocks.{block}.{path}.{part}" for path in ours) for part in ("weight", "bias"))
            yield Tensor(name=f"h.{block}.{theirs}.weight", shape=shape, paths=weights)
            yield Tensor(name=f"h.{block}.{theirs}.bias", shape=(width,), paths=biases)
    if not spec.tied:
        yield unembedding(spec)
