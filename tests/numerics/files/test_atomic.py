"""A file is replaced whole or not at all, links are not followed, and the umask decides who may read."""

import os
from pathlib import Path

import pytest

from numerics.files.atomic import PARTIAL, remove_partial, replacing, write_atomically


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_failure_leaves_what_was_there(tmp_path):
    write_atomically(tmp_path / "deep" / "file", "first")

    def interrupted() -> None:
        with replacing(tmp_path / "deep" / "file") as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (tmp_path / "deep" / "file").read_text() == "first"
    assert names(tmp_path / "deep") == ["file"]


def test_a_link_is_replaced_and_its_target_left_alone(tmp_path):
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "out").symlink_to(tmp_path / "theirs")
    write_atomically(tmp_path / "out", b"ours")
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert not (tmp_path / "out").is_symlink()


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o007])
def test_the_umask_decides_who_may_read(tmp_path, mask: int):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "file", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("name", ["a.nc", "[a]*?.nc"])
def test_what_killed_runs_left_is_removed_and_nothing_else(tmp_path, name: str):
    for other in (f".{name}.mine{PARTIAL}", f".b.{'0' * 12}{PARTIAL}", name):
        (tmp_path / other).write_text("keep")
    kept = names(tmp_path)
    (tmp_path / f".{name}.{'0' * 12}{PARTIAL}").write_text("left")
    remove_partial(tmp_path / name)
    assert names(tmp_path) == kept
