"""What the doors of the public functions let in, and what they say to the rest."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from numerics.checks import checked_distribution, checked_strengths


def test_anything_real_comes_out_as_float64_and_normalised() -> None:
    for dtype in (np.float64, np.float32):
        law, odds = checked_distribution(np.log(np.full(4, 0.25)).astype(dtype), [1, 2, 3, 4])
        assert law.dtype == odds.dtype == jnp.float64
        assert jnp.exp(law).sum() == pytest.approx(1, abs=1e-15)
    law, _ = checked_distribution(jnp.array([-jnp.inf, 0.0]), jnp.arange(2.0))
    assert law[0] == -jnp.inf


@pytest.mark.parametrize(
    ("log_probs", "log_odds", "message"),
    [
        (np.log([0.5, 0.6]), [0, 1], r"^log_probs: .* sum to 1 within 1e-06, got a sum that is off by \+0\.1; apply"),
        (np.log([0.5, 0.5 - 3e-6]), [0, 1], r"off by -3e-06"),
        ([-np.inf, -np.inf], [0, 1], r"off by -1;"),
        ([np.nan, 0.0], [0, 1], r"^log_probs: holds NaN or \+inf"),
        ([np.inf, 0.0], [0, 1], r"^log_probs: holds NaN or \+inf"),
        (0.0, [0], r"^log_probs: expected an array \[..., vocab\], got shape \(\)"),
        ([[0.0], [0.0]], [0, 1], r"^log_odds: expected one value per token, shape \(1,\), got shape \(2,\)"),
        ([0.0], [np.nan], r"^log_odds: expected finite numbers, got 1 NaN or infinite ones"),
        ([0.0], [-np.inf], r"^log_odds: expected finite numbers"),
        ([0.0], [1j], r"^log_odds: expected real numbers, got dtype complex128"),
        ([True], [0.0], r"^log_probs: expected real numbers, got dtype bool"),
    ],
)
def test_refusals(log_probs: Any, log_odds: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_distribution(log_probs, log_odds)


@pytest.mark.parametrize("strengths", [0.0, [[0.0]], [np.inf], [np.nan]])
def test_bad_strengths(strengths: Any) -> None:
    with pytest.raises(ValueError, match=r"^strengths: expected"):
        checked_strengths(strengths)


def test_values_under_transformation_are_not_looked_at() -> None:
    assert jnp.isfinite(jax.jit(lambda x: checked_distribution(x, jnp.zeros(2))[0])(jnp.zeros(2))).all()
