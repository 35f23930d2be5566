"""Files are named by no more of their paths than tells them apart, and by what is in them."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from steerlaw.inputs.names import sha256, short_names

parts = st.lists(st.sampled_from(["a", "b", "c", "x.nc"]), max_size=4)
heads = st.sampled_from(["", "/", "./", "../"])
paths = st.lists(st.builds(lambda head, rest: head + "/".join(rest), heads, parts), max_size=6)


@given(paths)
def test_names_are_distinct_ends_of_paths(given):
    names = short_names(given)
    assert set(names) == {Path(path) for path in given}
    assert len(set(names.values())) == len(names)
    for path, name in names.items():
        length = len(Path(name).parts)
        assert Path(*path.parts[len(path.parts) - length :]) == Path(name)
        shorter = [Path(*other.parts[-length + 1 :]) for other in names] if length > 1 else []
        assert not shorter or shorter.count(Path(*path.parts[-length + 1 :])) > 1


def test_the_hash_of_a_directory_is_of_names_and_content(tmp_path):
    def made(name, **files):
        directory = tmp_path / name
        directory.mkdir()
        for file, text in files.items():
            (directory / file).write_text(text)
        return sha256(directory)

    first = made("first", a="1", b="2")
    assert made("same", b="2", a="1") == first
    assert len({first, made("swapped", a="2", b="1"), made("renamed", a="1", c="2"), made("less", a="1")}) == 4
