"""Hugging Face checkpoints as functions of the steering strength, in JAX."""

import numerics  # noqa: F401  (turns on JAX's 64-bit mode, which float64 models need)
from real_models.checkpoint import read_checkpoint
from real_models.decoder import Params, Spec
from real_models.doctor import Check, examine
from real_models.limits import approach, limit_logits, tail_remainder, tail_strength
from real_models.model import LanguageModel, load_model
from real_models.prompts import PromptText, read_contexts, read_prompts, texts_of
from real_models.random_weights import with_random_weights
from real_models.sharding import shard_model
from real_models.sphere import sphere_of
from real_models.vector_files import load_vector, save_vector
from real_models.vector_formats import VectorFile, convert_vectors, read_vectors, write_vectors
from real_models.vectors import (
    difference_of_means,
    mean_log_probs,
    mean_residuals,
    principal_difference,
    prompt_log_odds,
    text_residuals,
)
from real_models.wrap import WrappedModel, wrap

__all__ = [
    "Check",
    "LanguageModel",
    "Params",
    "PromptText",
    "Spec",
    "VectorFile",
    "WrappedModel",
    "approach",
    "convert_vectors",
    "difference_of_means",
    "examine",
    "limit_logits",
    "load_model",
    "load_vector",
    "mean_log_probs",
    "mean_residuals",
    "principal_difference",
    "prompt_log_odds",
    "read_checkpoint",
    "read_contexts",
    "read_prompts",
    "read_vectors",
    "save_vector",
    "shard_model",
    "sphere_of",
    "tail_remainder",
    "tail_strength",
    "text_residuals",
    "texts_of",
    "with_random_weights",
    "wrap",
    "write_vectors",
]
