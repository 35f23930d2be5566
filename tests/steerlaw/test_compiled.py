"""Compiled programs are kept where the user keeps caches, unless the user says otherwise or there is no such place."""

import os
import subprocess
import sys

import pytest

from steerlaw.compiled import SETTINGS, remember_compiled

CHOSEN = "JAX_COMPILATION_CACHE_DIR"


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """A user of whom nothing is known but a home."""
    for name in (CHOSEN, *SETTINGS, "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return monkeypatch


def test_the_users_cache_directory(environment, tmp_path):
    remember_compiled()
    assert os.environ[CHOSEN] == str(tmp_path / ".cache/steerlaw/compiled")
    environment.delenv(CHOSEN)
    environment.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    remember_compiled()
    assert os.environ[CHOSEN] == str(tmp_path / "caches/steerlaw/compiled")


@pytest.mark.parametrize("chosen", ["", "elsewhere"])
def test_what_the_user_has_set_stays(environment, chosen, tmp_path):
    environment.setenv(CHOSEN, chosen)
    remember_compiled()
    assert os.environ[CHOSEN] == chosen
    assert not set(SETTINGS) & set(os.environ)
    assert not any(tmp_path.iterdir())


def test_nowhere_to_keep_it(environment, tmp_path, capfd):
    (tmp_path / "file").write_text("")
    for home in ("file", "file/below"):
        environment.setenv("XDG_CACHE_HOME", str(tmp_path / home))
        remember_compiled()
        assert CHOSEN not in os.environ
    assert capfd.readouterr() == ("", "")


PROGRAM = """
from steerlaw.compiled import remember_compiled
remember_compiled()
import jax
jax.jit(lambda x: x @ x.T + 1)(jax.numpy.ones((3, 5)))
"""


def test_jax_keeps_and_finds_programs_there(tmp_path):
    """A program that a kill left half-written is removed, and others are kept and found as ever."""
    directory = tmp_path / ".cache/steerlaw/compiled"
    settings = {**os.environ, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}

    def kept() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in directory.glob("*-cache")}

    def run() -> None:
        subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], env=settings, check=True)

    directory.mkdir(parents=True)
    (directory / "jit_half-0-cache").write_bytes(b"half")
    run()
    first = kept()
    assert first
    assert "jit_half-0-cache" not in first
    run()
    assert kept() == first
