"""Disks that are full, pipes that nobody reads and streams that are closed: one line, an exit status, no crash."""

import shlex
import subprocess
import sys

import numpy as np
import pytest

from real_models import save_vector

pytestmark = pytest.mark.slow

LIMITED = "ulimit -f 1; exec "
"""No file may grow beyond a thousand bytes, as on a disk that is full."""
WRITE_A_SWEEP = """
import sys, numpy, xarray
from numerics.observing.sweep import Sweep
data = xarray.Dataset({"x": ("strength", numpy.arange(2000.0))}, coords={"strength": numpy.arange(2000.0)})
try:
    Sweep(data=data).write(sys.argv[1])
except OSError as error:
    print(error.filename, error.strerror)
"""


@pytest.fixture(autouse=True)
def buffered(monkeypatch):
    """What is printed waits in a buffer, as it does for most people."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


def steerlaw(*arguments: object, **options) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "steerlaw", *map(str, arguments)]
    return subprocess.run(line, text=True, stderr=subprocess.PIPE, **options)


def test_a_full_disk_is_one_line(tmp_path):
    save_vector(tmp_path / "v.safetensors", {0: np.ones(2000, np.float32)})
    before = (tmp_path / "v.safetensors").read_bytes()
    (tmp_path / "w.safetensors").write_text("old")
    files = [str(tmp_path / name) for name in ("v.safetensors", "w.safetensors")]
    line = [sys.executable, "-m", "steerlaw", "convert", *files]
    result = subprocess.run(["bash", "-c", LIMITED + shlex.join(line)], text=True, capture_output=True)
    assert result.returncode == 2
    assert result.stderr == f"steerlaw: {tmp_path / 'w.safetensors'}: File too large\n"
    assert (tmp_path / "w.safetensors").read_text() == "old"
    assert (tmp_path / "v.safetensors").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_a_sweep_on_a_full_disk_is_an_error_and_no_crash(tmp_path):
    line = [sys.executable, "-c", WRITE_A_SWEEP, str(tmp_path / "s.nc")]
    result = subprocess.run(["bash", "-c", LIMITED + shlex.join(line)], text=True, capture_output=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{tmp_path / 's.nc'} File too large\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_a_full_device_for_the_output(debug):
    with open("/dev/full", "w") as full:
        result = steerlaw("--help", *debug, stdout=full)
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1] == "steerlaw: No space left on device"
    assert ("Traceback" in result.stderr) == bool(debug)


def test_output_that_nobody_reads():
    line = f"{sys.executable} -m steerlaw --help | true; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", line], text=True, capture_output=True)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams(closed):
    result = subprocess.run(["bash", "-c", f"{sys.executable} -m steerlaw derive no_such_law {closed}"], text=True)
    assert result.returncode == 2


def test_a_narrow_encoding():
    result = steerlaw("derive", "ñ\u202e", stdout=subprocess.PIPE, env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": "."})
    assert result.returncode == 2
    assert r"unknown law '\xf1\u202e'" in result.stderr
