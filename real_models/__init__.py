"""Hugging Face checkpoints as functions of the steering strength, in JAX."""

import numerics  # noqa: F401  (turns on JAX's 64-bit mode, which float64 models need)
from real_models.checkpoints.checkpoint import read_checkpoint
from real_models.decoding.decoder import Params, Spec
from real_models.sampling.sampling import sample
from real_models.sampling.texts import SampledTexts
from real_models.scores.endpoint import Endpoint, judge_at
from real_models.scores.judgement import Judgement, Question
from real_models.scores.local_judge import judge_locally
from real_models.scores.statistics import any_of_n, cohens_kappa, share_of_positive_texts
from real_models.steering.limits import approach, limit_logits, tail_remainder, tail_strength
from real_models.steering.model import LanguageModel, load_model
from real_models.steering.random_weights import with_random_weights
from real_models.steering.sharding import shard_model
from real_models.steering.sphere import sphere_of
from real_models.steering.wrap import WrappedModel, wrap
from real_models.text_curves.curve import TextCurve, text_curve
from real_models.text_curves.prediction import TextPrediction, predict_texts
from real_models.texts.prompts import PromptText, read_contexts, read_prompts, read_texts, texts_of
from real_models.vectors.convert import Conversion, convert_vectors
from real_models.vectors.doctor import Check, examine
from real_models.vectors.entries import VectorFile
from real_models.vectors.files import load_vector, save_vector
from real_models.vectors.formats import write_vectors
from real_models.vectors.means import (
    difference_of_means,
    mean_log_probs,
    mean_residuals,
    principal_difference,
    prompt_log_odds,
    text_residuals,
)
from real_models.vectors.reading import read_vectors

__all__ = [
    "Check",
    "Conversion",
    "Endpoint",
    "Judgement",
    "LanguageModel",
    "Params",
    "PromptText",
    "Question",
    "SampledTexts",
    "Spec",
    "TextCurve",
    "TextPrediction",
    "VectorFile",
    "WrappedModel",
    "any_of_n",
    "approach",
    "cohens_kappa",
    "convert_vectors",
    "difference_of_means",
    "examine",
    "judge_at",
    "judge_locally",
    "limit_logits",
    "load_model",
    "load_vector",
    "mean_log_probs",
    "mean_residuals",
    "predict_texts",
    "principal_difference",
    "prompt_log_odds",
    "read_checkpoint",
    "read_contexts",
    "read_prompts",
    "read_texts",
    "read_vectors",
    "sample",
    "save_vector",
    "shard_model",
    "share_of_positive_texts",
    "sphere_of",
    "tail_remainder",
    "tail_strength",
    "text_curve",
    "text_residuals",
    "texts_of",
    "with_random_weights",
    "wrap",
    "write_vectors",
]
