"""A checkpoint on this machine as a judge: how likely it answers yes rather than no, by its next-token logits."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from real_models.decoding.batching import last_rows
from real_models.scores.judgement import Judgement, Question
from real_models.steering import steering
from real_models.steering.model import LanguageModel
from real_models.texts.encoding import encode
from real_models.vectors.means import batches

LEAST_MASS = 1e-3
"""Probability of yes and no together, below which the model was about to say something else."""


def answer_tokens(model: LanguageModel, spellings: Sequence[str]) -> list[int]:
    """The tokens that spell an answer: those spellings that are one token; a `ValueError` if none is."""
    if model.tokenizer is None:
        raise ValueError(f"{model.name} has no tokenizer.json, so it cannot be asked: choose another judge")
    where = f"{model.name}: an answer"
    ids = (encode(model.tokenizer, where, spelling, special=False) for spelling in spellings)
    found = {tokens[0] for tokens in ids if len(tokens) == 1}
    if not found:
        listed = ", ".join(map(repr, spellings))
        raise ValueError(f"none of the answers {listed:.100} is one token of {model.name}: expected one that is")
    return sorted(found)


@jax.default_matmul_precision("highest")
def judge_locally(
    model: LanguageModel, question: Question, texts: Sequence[str], *, least_mass: float = LEAST_MASS
) -> Judgement:
    """`P(yes)/(P(yes) + P(no))` of the next token after the question about each text, each summed over its spellings.

    Where the two together have less than `least_mass` the model does not answer. Prompts go in as they are worded, with
    the tokenizer's own special tokens; a chat's markers belong into the wording. `ValueError` where no spelling of an
    answer is a token, or one token spells both.
    """
    yes, no = (answer_tokens(model, spellings) for spellings in (question.yes, question.no))
    if both := set(yes) & set(no):
        raise ValueError(f"token {min(both)} of {model.name} spells yes and no: expected answers of different tokens")
    values, unembedding = np.full(len(texts), np.nan), steering.unembedding_weights(model.spec, model.params)
    for batch in batches(model, [question.about(text) for text in texts], "judged") if texts else ():
        x = steering.prefix(model.spec, model.params, batch.tokens, model.n_layers - 1)
        logits = steering.final_logits(model.spec, unembedding, last_rows(x, batch.lengths)[:, None])
        log_probs = np.asarray(jax.nn.log_softmax(logits.astype(jnp.float64), axis=-1))[: len(batch.which)]
        for_yes, for_no = (np.exp(log_probs[:, tokens]).sum(axis=1) for tokens in (yes, no))
        mass = for_yes + for_no
        answered = mass >= least_mass
        values[np.array(batch.which)[answered]] = for_yes[answered] / mass[answered]
    return Judgement(judge=model.name, yes=values)
