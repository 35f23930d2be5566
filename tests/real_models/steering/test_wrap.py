"""Any callable as a steered model."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from real_models import wrap

BASE, SHIFT = np.log([0.5, 0.3, 0.2]), np.array([1.0, 0.0, -2.0])


def numpy_tilt(strengths):
    return BASE + np.asarray(strengths)[:, None] * SHIFT


def jax_bend(strengths):
    return jnp.asarray(BASE) + jnp.sin(strengths)[:, None] * SHIFT


def test_logits():
    model = wrap(numpy_tilt, name="tilt")
    assert (model.vocab_size, model.name) == (3, "tilt")
    logits = model.logits([1, 2], [0.0, 2.0], layer=7, vector=np.ones(5), positions="last")
    assert logits.dtype == np.float64
    np.testing.assert_array_equal(logits, numpy_tilt([0.0, 2.0]))
    np.testing.assert_array_equal(model.logits(None, 2.0), numpy_tilt([2.0]))


def test_a_given_vocabulary_saves_the_call():
    assert wrap(lambda strengths: 1 / 0, vocab_size=3).vocab_size == 3


def test_the_dtype_is_the_functions_own():
    assert wrap(lambda s: numpy_tilt(s).astype(np.float32)).logits(None, [1.0]).dtype == np.float32


def test_derivative_of_a_jax_function():
    strengths = np.array([-1.0, 0.0, 2.0])
    derivative = wrap(jax_bend).derivative(None, strengths)
    np.testing.assert_allclose(derivative, np.cos(strengths)[:, None] * SHIFT, rtol=1e-15)


@pytest.mark.parametrize(
    "function",
    [
        numpy_tilt,
        lambda s: jnp.stack([jnp.asarray(BASE) + float(a) * SHIFT for a in s]),
        lambda s: jax_bend(s) if s[0] > 0 else -jax_bend(s),
        lambda s: jax.pure_callback(numpy_tilt, jax.ShapeDtypeStruct((s.size, 3), np.float64), s),
    ],
    ids=["numpy", "float", "branch", "callback"],
)
def test_no_derivative_outside_jax(function):
    """A value that leaves JAX would lose its derivative and give a silent zero; it must fail instead."""
    model = wrap(function)
    assert model.logits(None, [1.0]).shape == (1, 3)
    with pytest.raises(ValueError, match=r"wrapped has no exact derivative: its function is not all JAX"):
        model.derivative(None, [1.0])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda s: numpy_tilt(s)[0], r"wrapped gave shape \(3,\), expected \(2, 3\)"),
        (lambda s: numpy_tilt(s).T, r"wrapped gave shape \(3, 2\), expected \(2, 3\)"),
        (lambda s: numpy_tilt(s) * np.nan, "wrapped gave NaN"),
        (lambda s: np.zeros((2, 3), int), "wrapped gave int64, expected floating-point logits"),
    ],
)
def test_what_the_function_gives_is_checked(function, message):
    with pytest.raises(ValueError, match=message):
        wrap(function, vocab_size=3).logits(None, [0.0, 1.0])


def test_bad_input():
    with pytest.raises(ValueError, match=r"gave shape \(3,\) at one strength, expected \(1, vocab\)"):
        wrap(lambda s: BASE)
    for strengths in (np.array([]), np.array([np.nan]), np.array([[1.0]])):
        with pytest.raises(ValueError, match=r"strengths (have shape|contain NaN)"):
            wrap(numpy_tilt).logits(None, strengths)


def test_a_torch_function():
    torch = pytest.importorskip("torch")
    base = torch.tensor(BASE, requires_grad=True)
    model = wrap(lambda s: base + torch.tensor(s)[:, None] * torch.tensor(SHIFT))
    np.testing.assert_allclose(model.logits(None, [0.0, 2.0]), numpy_tilt([0.0, 2.0]))
    with pytest.raises(ValueError, match="has no exact derivative"):
        model.derivative(None, [1.0])
