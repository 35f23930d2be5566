"""Closed forms evaluated in JAX, and the comparator.

Importing this package turns on JAX's 64-bit mode for the whole process: the laws are evaluated in float64, and JAX
would otherwise compute in float32 without a word. Code that wants float32 asks for it by dtype.
"""

import jax

jax.config.update("jax_enable_x64", True)

from numerics.certified import certify_peak  # noqa: E402
from numerics.cross_entropy import cross_entropy_change  # noqa: E402
from numerics.cumulants import cumulants  # noqa: E402
from numerics.peaks import peak_strengths  # noqa: E402
from numerics.sweet_spot import sweet_spot  # noqa: E402

__all__ = ["certify_peak", "cross_entropy_change", "cumulants", "peak_strengths", "sweet_spot"]
