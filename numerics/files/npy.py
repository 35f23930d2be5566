"""NumPy's `.npy` layout, read without trust: a header of three fields, checked against the bytes that follow it."""

import math
import re
import struct

import numpy as np

MAGIC = b"\x93NUMPY"
HEADER = 10_000
"""Bytes that a header may take."""
FIELDS = {
    "descr": re.compile(r"""['"]descr['"]\s*:\s*['"]([<>|=]?[a-zA-Z]\d{1,3})['"]"""),
    "fortran_order": re.compile(r"""['"]fortran_order['"]\s*:\s*(True|False)"""),
    "shape": re.compile(r"""['"]shape['"]\s*:\s*\(([\d\s,L]{0,400})\)"""),
}


def parse_npy(data: bytes | memoryview, where: str) -> np.ndarray:
    """The array of numbers that the bytes of an `.npy` file hold, without a copy; anything else is a `ValueError`.

    Python objects, structures and texts are refused, and so is a file of more or fewer bytes than its header says.
    """
    head = bytes(data[:12])
    if head[:6] != MAGIC or len(head) < 10 or head[6] not in (1, 2, 3):
        raise ValueError(f"{where}: not a NumPy array file (.npy)")
    start, form = (10, "<H") if head[6] == 1 else (12, "<I")
    if len(head) < start:
        raise ValueError(f"{where}: ends within its header")
    (length,) = struct.unpack(form, head[8:start])
    if length > HEADER or start + length > len(data):
        raise ValueError(f"{where}: a header of {length} bytes, expected one that the file holds")
    header = bytes(data[start : start + length]).decode("latin-1")
    found = {name: pattern.search(header) for name, pattern in FIELDS.items()}
    if missing := [name for name, match in found.items() if match is None]:
        raise ValueError(f"{where}: its header does not give {missing[0]} of an array of numbers")
    descr, fortran, shape = (match[1] for match in found.values() if match)
    try:
        dtype = np.dtype(descr)
    except TypeError as error:
        raise ValueError(f"{where}: no array of numbers (dtype {descr})") from error
    if dtype.kind not in "biufc":
        raise ValueError(f"{where}: holds dtype {descr}, expected numbers")
    sizes = tuple(int(size) for size in re.findall(r"\d{1,18}", shape))
    held, said = len(data) - start - length, math.prod(sizes) * dtype.itemsize
    if held != said or len(sizes) > 8:
        raise ValueError(f"{where}: holds {held} bytes of numbers, but {descr} of shape {sizes} takes {said}")
    flat = np.frombuffer(data, dtype, count=math.prod(sizes), offset=start + length)
    return flat.reshape(sizes, order="F" if fortran == "True" else "C")
