"""Arrays as the bytes of NumPy's own files."""

import io

import numpy as np

WIDTH = 5


def npz(tensors: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **tensors)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
