"""Closed forms evaluated in JAX, and the comparator.

Importing this package turns on JAX's 64-bit mode for the whole process: the laws are evaluated in float64, and JAX
would otherwise compute in float32 without a word. Code that wants float32 asks for it by dtype.
"""

import jax

jax.config.update("jax_enable_x64", True)

from numerics.closed_forms.certified import certify_peak  # noqa: E402
from numerics.closed_forms.cross_entropy import cross_entropy_change  # noqa: E402
from numerics.closed_forms.cross_entropy_shape import cross_entropy_shape  # noqa: E402
from numerics.closed_forms.cumulants import cumulants  # noqa: E402
from numerics.closed_forms.peaks import peak_strengths  # noqa: E402
from numerics.closed_forms.sweet_spot import sweet_spot  # noqa: E402
from numerics.closed_forms.tilted_curves import (  # noqa: E402
    concept_curves,
    divergence_curves,
    efficiency_curves,
    entropy_curves,
    token_curves,
)
from numerics.closed_forms.top_tokens import top_tokens  # noqa: E402
from numerics.closed_forms.turning import most_turning_points, turning_points  # noqa: E402

__all__ = [
    "certify_peak",
    "concept_curves",
    "cross_entropy_change",
    "cross_entropy_shape",
    "cumulants",
    "divergence_curves",
    "efficiency_curves",
    "entropy_curves",
    "most_turning_points",
    "peak_strengths",
    "sweet_spot",
    "token_curves",
    "top_tokens",
    "turning_points",
]
