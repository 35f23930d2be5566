"""Floating-point operations of the products that a sweep consists of; a multiplication and an addition are two."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from real_models import Spec
    from real_models.steering.inputs import Positions


def of_the_reference(spec: "Spec", length: int, strengths: int) -> float:
    """A full forward of every position a strength, and logits at all of them."""
    block, pairs = _a_position(spec, length)
    return 2 * strengths * length * (spec.n_layers * (block + pairs) + spec.d_model * spec.vocab_size)


def of_a_sweep(spec: "Spec", layer: int, length: int, rows: int, positions: "Positions") -> float:
    """Next-token logits of one prompt at `rows` strengths, and no more than they take.

    Blocks up to the steered one for one row; after it every position of every row, but of the last block only keys and
    values; or where the last position alone is steered, one position of every row, and the others once.
    """
    block, pairs = _a_position(spec, length)
    keys_values = 2 * spec.d_model * spec.n_kv_heads * spec.head_dim
    after, end = spec.n_layers - 1 - layer, rows * (block + 2 * pairs)
    once = length * (layer + 1) * (block + pairs)
    if after == 0:
        steered = 0.0
    elif positions == "last":
        once += length * ((after - 1) * (block + pairs) + keys_values)
        steered = after * end
    else:
        steered = rows * length * ((after - 1) * (block + pairs) + keys_values) + end
    return 2 * (once + steered) + of_unembedding(spec, rows)


def of_unembedding(spec: "Spec", rows: int) -> float:
    """Logits of so many rows."""
    return 2.0 * rows * spec.d_model * spec.vocab_size


def _a_position(spec: "Spec", length: int) -> tuple[int, int]:
    """Multiplications by a block's weights, and half of what queries and keys, and then values, multiply."""
    d, q, kv = spec.d_model, spec.n_heads * spec.head_dim, spec.n_kv_heads * spec.head_dim
    mlp = (3 if spec.activation == "silu" else 2) * d * spec.d_ff
    return 2 * d * (q + kv) + mlp, q * length
