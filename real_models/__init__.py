"""Hugging Face checkpoints as functions of the steering strength, in JAX."""

import numerics  # noqa: F401  (turns on JAX's 64-bit mode, which float64 models need)
from real_models.checkpoint import read_checkpoint
from real_models.decoder import Params, Spec
from real_models.limits import approach, limit_logits, tail_remainder, tail_strength
from real_models.model import LanguageModel, load_model
from real_models.prompts import PromptText, read_contexts, read_prompts, texts_of
from real_models.vector_files import load_vector, save_vector
from real_models.vectors import difference_of_means, mean_log_probs, mean_residuals, prompt_log_odds
from real_models.wrap import WrappedModel, wrap

__all__ = [
    "LanguageModel",
    "Params",
    "PromptText",
    "Spec",
    "WrappedModel",
    "approach",
    "difference_of_means",
    "limit_logits",
    "load_model",
    "load_vector",
    "mean_log_probs",
    "mean_residuals",
    "prompt_log_odds",
    "read_checkpoint",
    "read_contexts",
    "read_prompts",
    "save_vector",
    "tail_remainder",
    "tail_strength",
    "texts_of",
    "wrap",
]
