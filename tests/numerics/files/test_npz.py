"""Archives of arrays: NumPy's own come back; what is declared wrongly, or is pickled, is never allocated or run."""

import io
import struct
import tracemalloc
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from numerics.files.npz import read_npz

ARRAYS = hnp.arrays(
    st.sampled_from([np.dtype(kind) for kind in ("f4", "f8", ">f8", "i8", "u2", "bool", "U5")]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0),
)


@given(arrays=st.dictionaries(st.sampled_from("abc"), ARRAYS), compressed=st.booleans(), turned=st.booleans())
def test_what_numpy_writes_is_read_alike(arrays, compressed, turned, tmp_path_factory):
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    arrays = {name: np.asfortranarray(array) if turned and array.ndim else array for name, array in arrays.items()}
    save: Any = np.savez_compressed if compressed else np.savez
    save(path, **arrays)
    read = read_npz(path, ["a", "b", "z"])
    assert set(read) == set(arrays) & {"a", "b"}
    for name, array in read.items():
        assert np.array_equal(array, arrays[name], equal_nan=array.dtype.kind == "f")
        assert array.dtype == arrays[name].dtype.newbyteorder("=")


MOST = 2**24


class Trap:
    """Unpickled, it would open a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_pickled_arrays_are_passed_over(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, a=np.array([Trap(str(tmp_path / "sprung"))], dtype=object), b=np.ones(2))
    assert set(read_npz(path, ["a", "b"])) == {"b"}
    assert not (tmp_path / "sprung").exists()


def header(descr="'<f8'", shape="(2,)", version=(1, 0)):
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H", len(text) + 1) + text + b"\n"


def archive(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members:
            out.writestr(name, data)
    return path


def bomb(path):
    """Far more zeros than `MOST` bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out, out.open("a.npy", "w") as member:
        member.write(header(shape=f"({2**23},)"))
        for _ in range(2**6):
            member.write(bytes(2**20))
    return path


def lying(path):
    """The directory promises more bytes than there are."""
    data = archive(path, ("a.npy", header() + bytes(16))).read_bytes()
    at = data.rindex(b"PK\x01\x02")
    path.write_bytes(data[: at + 24] + struct.pack("<I", 2**31) + data[at + 28 :])
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: p, "no such file"),
        (lambda p: p.mkdir() or p, "a directory"),
        (lambda p: p.write_text("no archive") and p, "not an .npz file"),
        (bomb, "declares arrays"),
        (lying, "declares arrays"),
        (lambda p: archive(p, ("a.npy", header() + bytes(16)), ("a.npy", header() + bytes(16))), "two arrays"),
        (lambda p: archive(p, ("a.npy", header(shape="(1000000000000000,)"))), "0 bytes, expected"),
        (lambda p: archive(p, ("a.npy", header(shape="(-1,)"))), "numbers or text"),
        (lambda p: archive(p, ("a.npy", header() + bytes(15))), "15 bytes, expected 16"),
        (lambda p: archive(p, ("a.npy", header() + bytes(17))), "17 bytes, expected 16"),
        (lambda p: archive(p, ("a.npy", header(descr="'V0'", shape=f"({2**40},)"))), "numbers or text"),
        (lambda p: archive(p, ("a.npy", header(descr="[('x', '<f8')]") + bytes(16))), "numbers or text"),
        (lambda p: archive(p, ("a.npy", header(descr="'<c16'", shape="(1,)") + bytes(16))), "numbers or text"),
        (lambda p: archive(p, ("a.npy", header(descr="(" * 3000))), "not an .npz file"),
        (lambda p: archive(p, ("a.npy", header(version=(9, 0)) + bytes(16))), "version 9"),
        (lambda p: archive(p, ("a.npy", b"\x93NUMPY")), "not an .npz file"),
    ],
)
def test_what_is_wrong_is_said_and_not_allocated(make, says, tmp_path):
    path = make(tmp_path / "x.npz")
    tracemalloc.start()
    with pytest.raises((ValueError, OSError), match=says) as error:
        read_npz(path, ["a"], most=MOST)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_members_nobody_asked_for_are_not_read(tmp_path):
    path = bomb(tmp_path / "x.npz")
    with zipfile.ZipFile(path, "a") as out:
        buffer = io.BytesIO()
        np.save(buffer, np.ones(3))
        out.writestr("b.npy", buffer.getvalue())
    assert read_npz(path, ["b"])["b"].tolist() == [1, 1, 1]
