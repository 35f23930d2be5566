"""What the sweeps are measured against: transformers and torch, a forward hook that steers, a full forward a strength.

Random weights of the published shapes of GPT-2 and Llama 3.2 1B, and of Qwen 3's proportions at width 256: both sides
load the same files.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import transformers
from torch import Tensor
from torch.nn.functional import cross_entropy

from real_models import LanguageModel, load_model
from real_models.steering.inputs import Positions

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

GPT2_SMALL = "GPT2LMHeadModel", {"n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50_257}
QWEN3_STYLE = (
    "Qwen3ForCausalLM",
    {
        "hidden_size": 256,
        "num_hidden_layers": 12,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "intermediate_size": 768,
        "vocab_size": 32_000,
    },
)
LLAMA_1B = (
    "LlamaForCausalLM",
    {
        "hidden_size": 2048,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 64,
        "intermediate_size": 8192,
        "vocab_size": 128_256,
        "tie_word_embeddings": True,
    },
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Hooked:
    """The reference method: `x_{l+1} <- x_{l+1} + alpha v` by a forward hook on block `layer`."""

    model: transformers.PreTrainedModel
    layer: int
    vector: np.ndarray

    @contextmanager
    def steered(self, strengths: np.ndarray | float, positions: slice) -> Iterator[None]:
        """The hook while the context lasts; one strength, or one for each row of the batch."""
        shift = np.asarray(strengths)[..., None, None] * self.vector
        shift = torch.tensor(shift, dtype=self.model.dtype, device=self.model.device)

        def hook(_module, _inputs, output):
            steered = (output[0] if isinstance(output, tuple) else output).clone()
            steered[:, positions] += shift
            return (steered, *output[1:]) if isinstance(output, tuple) else steered

        base = self.model.base_model
        blocks: torch.nn.ModuleList = base.h if hasattr(base, "h") else base.layers  # pyright: ignore
        handle = blocks[self.layer].register_forward_hook(hook)
        try:
            yield
        finally:
            handle.remove()

    def sweep(self, tokens: np.ndarray, strengths: np.ndarray, read: Callable[[Tensor], Tensor], positions=slice(None)):
        """`read` of the logits `[batch, position, vocab]` at every strength, stacked."""
        rows, ids = [], torch.tensor(tokens, device=self.model.device)
        with torch.inference_mode():
            for strength in strengths:
                with self.steered(strength, positions):
                    rows.append(read(self.model(input_ids=ids, use_cache=False).logits))
        return torch.stack(rows).float().cpu().numpy()

    def logits(self, tokens: np.ndarray, strengths: np.ndarray, positions: Positions) -> np.ndarray:
        """Next-token logits `[strengths, vocab]` of one prompt, after logits at all positions."""
        return self.sweep(tokens[None], strengths, lambda logits: logits[0, -1], steered_at(positions))

    def logits_of_a_batch(self, tokens: np.ndarray, strengths: np.ndarray, positions: Positions) -> np.ndarray:
        """The same by one forward of as many rows."""
        ids = torch.tensor(np.tile(tokens, (len(strengths), 1)), device=self.model.device)
        with torch.inference_mode(), self.steered(strengths, steered_at(positions)):
            return self.model(input_ids=ids, use_cache=False).logits[:, -1].float().cpu().numpy()

    def cross_entropy(self, blocks: np.ndarray, strengths: np.ndarray) -> np.ndarray:
        """Mean next-token cross-entropy `[strengths, blocks]`, from the table of all positions' logits."""
        targets = torch.tensor(blocks[:, 1:], device=self.model.device)

        def losses(logits: Tensor) -> Tensor:
            each = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
            return each.reshape(targets.shape).mean(dim=1)

        return self.sweep(blocks[:, :-1], strengths, losses)


def steered_at(positions: Positions) -> slice:
    """Which positions the hook steers."""
    return slice(None) if positions == "all" else slice(-1, None)


def both(
    shape: tuple[str, dict], layer: int, *, vocab_share: int = 1, dtype: str = "float32", device: str = "cpu"
) -> tuple[LanguageModel, Hooked]:
    """Ours and theirs of one random checkpoint, with a random unit vector for block `layer`."""
    name, sizes = shape
    kind = getattr(transformers, name)
    config = kind.config_class(**sizes | {"vocab_size": sizes["vocab_size"] // vocab_share})
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as directory:
        kind(config).to(getattr(torch, dtype)).save_pretrained(directory)
        theirs = kind.from_pretrained(directory, dtype=getattr(torch, dtype)).eval().to(device)
        ours = load_model(directory, dtype)
    vector = np.random.default_rng(0).normal(size=ours.d_model)
    return ours, Hooked(model=theirs, layer=layer, vector=vector / np.linalg.norm(vector))
