"""Padded lengths, chunks and the memory they are sized to."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_models.decoding import batching


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
    assert chunk == 1 or chunk * bytes_each <= batching.ACTIVATIONS
    parts = -(-rows // chunk)
    assert parts * chunk - rows < parts


@given(bytes_each=st.integers(1, 10**9), rows=st.integers(1, 3000))
def test_chunk_of(bytes_each, rows):
    """Several chunks are as few and as equal as can be; a single one is filled up to one of few sizes."""
    chunk, within = batching.chunk_of(bytes_each, rows), batching.rows_within(bytes_each, rows)
    assert chunk == within < rows or (chunk >= within == rows and (chunk % 8 == 0 or chunk in (1, 2, 4)))
    assert chunk - within < 8
    assert chunk < 2 * within


@given(bytes_each=st.integers(1, 10**6), columns=st.integers(1, 10**6))
def test_columns_within(bytes_each, columns):
    size = batching.columns_within(bytes_each, columns)
    assert size == columns or size % 128 == 0
    assert size <= max(512, batching.LOGITS // bytes_each)
    assert min(512, columns) <= size <= columns


@pytest.mark.parametrize(("count", "chunk"), [(7, 3), (6, 3), (5, 5), (2, 4), (1, 1)])
def test_in_chunks(count, chunk):
    """Every call gets a whole chunk; rows beyond those asked for repeat the last."""
    shapes = set()

    def function(strengths):
        shapes.add(strengths.shape)
        return strengths[:, None] * jnp.array([1.0, 2.0]), [strengths]

    values = np.arange(count, dtype=float)
    pairs, (same,) = batching.in_chunks(function, chunk, values)
    filled = np.concatenate([values, np.full(-count % chunk, count - 1.0)])
    assert (pairs == filled[:, None] * [1.0, 2.0]).all()
    assert (same == filled).all()
    assert shapes == {(chunk,)}


def test_bounds_grow_with_the_memory_of_an_accelerator(monkeypatch):
    class Device:
        def memory_stats(self):
            return {"bytes_limit": 80 * 2**30, "bytes_in_use": 16 * 2**30}

    assert batching.memory_bound(7) == 7
    monkeypatch.setattr(jax, "local_devices", lambda: [Device()])
    assert batching.memory_bound(7) == 16 * 2**30
