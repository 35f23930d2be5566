"""netCDF files: what xarray writes is read alike; what points elsewhere, lies about its size or is broken is not."""

import os
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from numerics.files.netcdf import netcdf_child, read_netcdf

SECRET = b"root:x:0:0:root:/root:/bin/bash\n" * 4


def dataset(seed=0):
    rng = np.random.default_rng(seed)
    return xr.Dataset(
        {
            "curve": (("context", "strength"), rng.normal(size=(2, 5)).astype(np.float32), {"unit": "nats"}),
            "holes": (("strength",), np.array([1.0, np.nan, 3.0, np.nan, 5.0])),
            "chosen": (("context",), np.array([True, False])),
            "scale": ((), 2.5),
            "empty": (("none", "strength"), np.zeros((0, 5))),
        },
        coords={"strength": np.linspace(-1, 1, 5), "concept": ("context", ["Freude", "été"])},
        attrs={"format": "some", "numbers": [1, 2], "text": "é" * 100},
    )


def test_what_xarray_writes_is_read_alike_group_by_group(tmp_path):
    path = tmp_path / "s.nc"
    dataset(0).to_netcdf(path, engine="h5netcdf", encoding={"curve": {"zlib": True}})
    dataset(1).to_netcdf(path, engine="h5netcdf", mode="a", group="cross-entropy")
    read = read_netcdf(path)
    assert set(read) == {"", "cross-entropy"}
    for seed, name in enumerate(read):
        with xr.open_dataset(path, engine="h5netcdf", group=name or None) as expected:
            assert read[name].identical(expected.load())
        assert read[name].equals(dataset(seed))
        assert {k: v.dtype.kind for k, v in read[name].variables.items()} == {
            k: v.dtype.kind for k, v in dataset().variables.items()
        }


def external(file, secret):
    file.create_dataset("x", (len(SECRET),), "u1", external=[(str(secret), 0, len(SECRET))])


def virtual(file, secret):
    layout = h5py.VirtualLayout((5,), "f8")
    layout[:] = h5py.VirtualSource(str(secret), "strength", (5,))
    file.create_virtual_dataset("x", layout)


def external_link(file, secret):
    file["x"] = h5py.ExternalLink(str(secret), "/strength")


def soft_link(file, secret):
    file["x"] = h5py.SoftLink("/strength")


def cycle(file, secret):
    file.create_group("a/b")
    file["a/b/again"] = file["a"]


def compound(file, secret):
    file.create_dataset("x", (2,), [("a", "f8"), ("b", "i4")])


def unallocated(file, secret):
    file.create_dataset("x", (2**40,), "f8", chunks=(2**20,))


def bomb(file, secret):
    file.create_dataset("x", (2**26,), "f8", chunks=(2**22,), compression="gzip", fillvalue=1.0)[: 2**22] = 0


def deep(file, secret):
    file.create_group("/".join("abcdefgh"))


def shared_text(file, secret):
    """Many strings, short in the file, that are one long one in memory."""
    strings = file.create_dataset("x", (2000,), h5py.string_dtype())
    strings[:] = ["y"] * 1999 + ["z" * 2**18]


@pytest.mark.parametrize(
    "plant",
    [external, virtual, external_link, soft_link, cycle, compound, unallocated, bomb, deep, shared_text],
)
def test_what_points_elsewhere_or_swells_is_refused(plant, tmp_path):
    secret, path = tmp_path / "secret", tmp_path / "s.nc"
    if plant in (virtual, external_link):
        dataset().to_netcdf(secret, engine="h5netcdf")
    else:
        secret.write_bytes(SECRET)
    dataset().to_netcdf(path, engine="h5netcdf")
    with h5py.File(path, "a") as file:
        plant(file, secret)
    with pytest.raises(ValueError, match=r"s\.nc: ") as error:
        read_netcdf(path)
    assert "\n" not in str(error.value)
    says = {external: "other files", virtual: "other files", unallocated: "declares", bomb: "declares"}
    assert says.get(plant, "") in str(error.value)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda p: p, FileNotFoundError),
        (lambda p: p.mkdir(), ValueError),
        (lambda p: p.write_bytes(b""), ValueError),
        (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500)), ValueError),
        (lambda p: os.mkfifo(p), ValueError),
    ],
)
def test_what_is_no_file_of_ours_is_said(make, kind, tmp_path):
    make(tmp_path / "s.nc")
    with pytest.raises(kind, match=r"s\.nc"):
        read_netcdf(tmp_path / "s.nc")


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on resources there")
@pytest.mark.parametrize("harm", ["while True: pass", "hoard = bytearray(2**33)", "import ctypes; ctypes.string_at(0)"])
def test_a_library_that_spins_swells_or_crashes_ends_with_its_process(harm, tmp_path):
    """The child with a library in the place of HDF5's that does so on opening a file."""
    (tmp_path / "h5netcdf.py").write_text("")
    (tmp_path / "h5py.py").write_text(f"def File(path, mode):\n    {harm}\n")
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-P", netcdf_child.__file__, "x", str(2**20), "1"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        timeout=60,
    )
    assert done.returncode not in (0, netcdf_child.REFUSED)
    assert time.monotonic() - started < 30


def test_the_child_runs_on_its_own():
    source = Path(netcdf_child.__file__).read_text()
    assert "from numerics" not in source
    assert "import numerics" not in source
