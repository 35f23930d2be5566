"""One way to read text: what any editor writes is read alike, and what is no text is named with its place."""

import contextlib
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.files.text import json_lines, parse_json, read_json, read_lines, read_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=60)


@given(TEXTS, st.sampled_from([b"", b"\xef\xbb\xbf"]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_the_same_text_however_it_was_saved(tmp_path_factory, text: str, mark: bytes, newline: str):
    path = tmp_path_factory.mktemp("text") / "file"
    path.write_bytes(mark + text.replace("\n", newline).encode())
    expected = text.removeprefix("\ufeff") if not mark else text
    assert read_text(path) == expected


@given(TEXTS.filter(lambda text: text != ""), st.sampled_from(["utf-16", "utf-32", "utf-16-le", "utf-16-be"]))
def test_other_encodings_are_named_or_refused(tmp_path_factory, text: str, encoding: str):
    path = tmp_path_factory.mktemp("text") / "file"
    ascii_text = "a" + "".join(c for c in text if c.isascii())
    path.write_bytes(ascii_text.encode(encoding))
    with pytest.raises(ValueError, match=r"UTF-16|UTF-32"):
        read_text(path)


@given(TEXTS, st.sampled_from([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\0"]))
def test_the_line_of_bytes_that_are_no_text_is_named(tmp_path_factory, text: str, bad: bytes):
    path = tmp_path_factory.mktemp("text") / "file"
    path.write_bytes(text.encode() + bad + b"\n")
    with pytest.raises(ValueError, match=f"file:{1 + text.count(chr(10))}: "):
        read_text(path)


@given(st.lists(st.text("ab {}", min_size=1).filter(str.strip), min_size=1), st.text(" \n\t"))
def test_lines_are_numbered_and_blank_ones_at_the_end_are_none(tmp_path_factory, lines: list[str], end: str):
    path = tmp_path_factory.mktemp("text") / "file"
    path.write_text("\n".join(lines) + end)
    places, found = zip(*read_lines(path), strict=True)
    assert list(found[:-1]) == lines[:-1]
    assert found[-1] == lines[-1] + end.split("\n")[0]  # spaces that end the last line are its own, as any other's
    assert [int(place.rsplit(":", 1)[1]) for place in places] == list(range(1, 1 + len(lines)))


@pytest.mark.parametrize("content", ["", "\n", "\ufeff", " \n\t\n"])
def test_no_lines_at_all(tmp_path, content: str):
    (tmp_path / "file").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="is empty"):
        list(read_lines(tmp_path / "file"))


@pytest.mark.parametrize("depth", [900, 980, 990, 995, 1_000, 3_000, 5_000, 9_000, 9_990])
def test_what_nests_just_deep_enough_to_be_read_is_no_crash(depth: int):
    """Some depths are read and not written again, which differs from Python to Python: a value or one line."""
    for text in ("[" * depth + '"\\u00e9"' + "]" * depth, "[" * depth):
        with contextlib.suppress(ValueError):
            parse_json(text, "here")


@pytest.mark.parametrize("depth", [10_000, 1_000_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_nesting_is_no_crash(tmp_path, depth: int, opening: str):
    (tmp_path / "file").write_text(opening * depth)
    for read in (read_json, lambda path: list(json_lines(path))):
        with pytest.raises(ValueError, match="JSON"):
            read(tmp_path / "file")


@given(st.text(st.characters(codec=None, categories=["Cs"]), min_size=1), TEXTS)
def test_half_a_surrogate_pair_is_named(lone: str, text: str):
    escaped = json.dumps({"text": text, "more": [lone[0]]})
    with pytest.raises(ValueError, match=r"^here: .*surrogate"):
        parse_json(escaped, "here")


def test_a_whole_surrogate_pair_is_a_character():
    assert parse_json('"\\ud83d\\ude00"', "here") == "\U0001f600"


@pytest.mark.parametrize("text", ["9" * 5000, "{", "nope", "[1,]", '{"a": 1} x'])
def test_what_is_no_json_is_named(text: str):
    with pytest.raises(ValueError, match=r"^here: not "):
        parse_json(text, "here")


def test_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing: no such file"):
        read_text(tmp_path / "nothing")
    with pytest.raises(ValueError, match="a directory"):
        read_text(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="no regular file"):
        read_text(tmp_path / "pipe")
