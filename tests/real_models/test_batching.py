"""Padded lengths, chunks and the memory they are sized to."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_models import batching


@given(length=st.integers(1, 10**6))
def test_bucket(length):
    """Never shorter, little longer, few in number."""
    padded = batching.bucket(length)
    assert length <= padded <= max(length + 7, 1.25 * length)
    assert batching.bucket(padded) == padded


@given(bytes_each=st.integers(1, 10**9), rows=st.integers(1, 3000))
def test_rows_within(bytes_each, rows):
    """As few parts as the bound allows, as equal as they can be."""
    chunk = batching.rows_within(bytes_each, rows)
    assert 1 <= chunk <= rows
    assert chunk == 1 or chunk * bytes_each <= batching.MEMORY_BOUND
    parts = -(-rows // chunk)
    assert parts * chunk - rows < parts


@pytest.mark.parametrize(("count", "chunk"), [(7, 3), (6, 3), (5, 5), (2, 4), (1, 1)])
def test_in_chunks(count, chunk):
    shapes = set()

    def function(strengths):
        shapes.add(strengths.shape)
        return strengths[:, None] * jnp.array([1.0, 2.0])

    values = np.arange(count, dtype=float)
    assert (batching.in_chunks(function, chunk, values) == values[:, None] * [1.0, 2.0]).all()
    assert shapes == {(chunk,)}


def test_chunks_grow_with_the_memory_of_an_accelerator(monkeypatch):
    class Device:
        def memory_stats(self):
            return {"bytes_limit": 80 * 2**30, "bytes_in_use": 16 * 2**30}

    assert batching.memory_bound() == batching.MEMORY_BOUND
    monkeypatch.setattr(jax, "local_devices", lambda: [Device()])
    assert batching.memory_bound() == 16 * 2**30
