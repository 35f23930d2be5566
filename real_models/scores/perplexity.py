"""How surprising a text is to the unsteered model: the exponential of its mean surprise per token."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from real_models.sampling.rescoring import text_costs
from real_models.steering.model import LanguageModel


def perplexity(
    model: LanguageModel, prompts: Sequence[Sequence[int]], texts: Sequence[Sequence[int]]
) -> Float[np.ndarray, " texts"]:
    """`exp(-log P_0(y)/T)` of each text of T token ids after its own prompt; NaN (missing) for a text of no tokens."""
    last, lengths = model.n_layers - 1, np.array([len(text) for text in texts])
    some = [n for n, length in enumerate(lengths) if length]
    values = np.full(len(texts), np.nan)
    if some:
        before, own = ([rows[n] for n in some] for rows in (prompts, texts))
        costs = text_costs(model, before, own, [0.0], layer=last, vector=np.zeros(model.d_model))
        values[some] = np.exp(-costs.log_prob[:, 0] / lengths[some])
    return values
