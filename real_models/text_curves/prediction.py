"""What unsteered texts alone say of whole texts under steering: slopes and curvatures at strength 0, and their nats."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from numerics.bands.intervals import mean_band
from numerics.reweighting.derivatives import Derivatives, Estimate, predicted_derivatives
from real_models.sampling.batches import Wanted
from real_models.sampling.drawing import Drawing
from real_models.sampling.sampling import draw_texts, prompt_ids, texts_of
from real_models.sampling.slopes import TextSlopes, text_slopes
from real_models.scores.named import Score, scored
from real_models.scores.words import target_share
from real_models.steering.inputs import Layers, Tokens, Vector
from real_models.steering.model import LanguageModel
from real_models.text_curves.curve import PERPLEXITY, perplexities

STREAM = 2**21
"""The number of the first random stream: none of these texts is ever one of a curve."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TextPrediction:
    """Unsteered texts, a row each, with S and S' of each: a prediction of steered ones that none of these saw.

    `prompt` is the number of its prompt; `prompts` are these, as token ids; `log_prob` is log P_0 of the text. By the
    law `text_score`, `derivatives` of any score at strength 0; by `text_information`, near it
    `KL(P_alpha || P_0) = alpha^2 I/2`.
    """

    prompts: Sequence[Sequence[int]]
    prompt: Int[np.ndarray, " texts"]
    tokens: Int[np.ndarray, "texts tokens"]
    lengths: Int[np.ndarray, " texts"]
    texts: Sequence[str]
    log_prob: Float[np.ndarray, " texts"]
    slopes: TextSlopes
    temperature: float = 1.0

    def scores(self, score: str | Score) -> Float[np.ndarray, " texts"]:
        """The score of every text (NaN: missing): a function of a text, a name, or "perplexity"."""
        return perplexities(self.log_prob, self.lengths) if score == PERPLEXITY else scored(score, self.texts)

    def derivatives(self, scores: str | Score | Float[np.ndarray, " texts"], level: float = 0.05) -> Derivatives:
        """Slope and curvature of a score at strength 0: a name, a function of a text, or a value a text (NaN: none)."""
        values = scores if isinstance(scores, np.ndarray) else self.scores(scores)
        return predicted_derivatives(values, self.slopes.first, self.slopes.second, self.prompt, level=level)

    def information(self, level: float = 0.05) -> Estimate:
        """The Fisher information I(0) in nats per strength squared, with an interval over prompts (or texts of one)."""
        each = self.slopes.information.sum(axis=1)
        if self.prompt.max() > 0:
            each = np.bincount(self.prompt, each) / np.bincount(self.prompt)
        lower, upper = (float(bound[0]) for bound in mean_band(each[:, None], level=level))
        return Estimate(value=float(each.mean()), lower=max(lower, 0.0), upper=upper)

    def target_shares(self, targets: Bool[np.ndarray, " vocab"]) -> Float[np.ndarray, " texts"]:
        """The share of each text's tokens that are target tokens."""
        return target_share(self.tokens, self.lengths, targets)

    def along(self, model: LanguageModel, *, layer: Layers, vector: Vector) -> "TextPrediction":
        """What the same texts say of steering along another vector."""
        texts = [ids[:n].tolist() for ids, n in zip(self.tokens, self.lengths, strict=True)]
        own = [list(self.prompts[p]) for p in self.prompt]
        drawing = Drawing(temperature=self.temperature)
        return replace(self, slopes=text_slopes(model, own, texts, layer=layer, vector=vector, drawing=drawing))


def predict_texts(
    model: LanguageModel,
    prompts: Sequence[Tokens],
    *,
    layer: Layers,
    vector: Vector,
    tokens: int,
    samples: int,
    seed: int = 0,
    temperature: float = 1.0,
    end_tokens: Sequence[int] | None = None,
) -> TextPrediction:
    """Draw `samples` unsteered texts after each prompt, and how the probability of each moves with the strength at 0.

    >>> predict_texts(model, prompts, layer=2, vector=v, tokens=48, samples=8).derivatives("capitals")  # doctest: +SKIP
    """
    drawing, ids = Drawing(temperature=temperature), prompt_ids(model, prompts, tokens)
    if drawing.cut:
        raise ValueError("temperature is 0, expected more: greedy texts have no derivatives")
    if samples < 2:
        raise ValueError(f"samples is {samples!r}, expected 2 or more unsteered texts per prompt")
    prompt, stream = (n.reshape(-1) for n in np.indices((len(ids), samples)))
    wanted = Wanted(prompt=prompt, strength=np.zeros(len(prompt)), stream=STREAM + stream)
    where = {"layer": layer, "vector": vector}
    how = {"tokens": tokens, "drawing": drawing, "seed": seed, "ends": end_tokens, "divergences": False}
    draws = draw_texts(model, ids, wanted, **where, **how)
    texts = [text[:n].tolist() for text, n in zip(draws.tokens, draws.lengths, strict=True)]
    slopes = text_slopes(model, [ids[p] for p in prompt], texts, **where, drawing=drawing)
    return TextPrediction(
        prompts=ids,
        prompt=prompt,
        tokens=draws.tokens,
        lengths=draws.lengths,
        texts=texts_of(model, draws),
        log_prob=draws.log_prob.sum(axis=1, dtype=np.float64),
        slopes=slopes,
        temperature=temperature,
    )
