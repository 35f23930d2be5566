"""However a text was saved, it is the same text: no number may depend on the editor."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.texts import READERS, TEXTS

SAVED = {
    "byte-order mark": lambda data: b"\xef\xbb\xbf" + data,
    "Windows": lambda data: data.replace(b"\n", b"\r\n"),
    "old Mac": lambda data: data.replace(b"\n", b"\r"),
    "all of it": lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"),
    "blank last lines": lambda data: data + b"\n \n\n",
    "no last line end": lambda data: data.removesuffix(b"\n"),
}
ENDS_MATTER = {"texts: document"}
"""A document is its whole text, so that line ends that end it are text."""
REFUSED = {
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "UTF-16 without a mark": lambda data: data.decode().encode("utf-16-le"),
    "UTF-32": lambda data: data.decode().encode("utf-32"),
    "Latin-1": lambda data: data + "é".encode("latin-1"),
    "NUL": lambda data: data + b"\0\n",
    "half a surrogate pair": lambda data: data + b"\xed\xa0\x80\n",
}


def files(path):
    return [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())


@pytest.mark.parametrize("name", READERS)
def test_valid_samples_are_read(tmp_path, name):
    if name == "texts: parquet":
        pytest.importorskip("pyarrow")
    assert READERS[name].read(READERS[name].make(tmp_path, random.Random(0)))


@pytest.mark.parametrize("name", TEXTS)
@given(seed=st.integers(0, 2**32), saved=st.sampled_from(sorted(SAVED)))
def test_the_same_however_it_was_saved(tmp_path_factory, name, seed, saved):
    reader = TEXTS[name]
    path = reader.make(tmp_path_factory.mktemp("text"), random.Random(seed))
    expected = reader.read(path)
    for file in files(path):
        file.write_bytes(SAVED[saved](file.read_bytes()))
    if name in ENDS_MATTER and saved.endswith(("last lines", "line end")):
        return
    assert reader.read(path) == expected


@pytest.mark.parametrize("name", TEXTS)
@given(seed=st.integers(0, 2**32), saved=st.sampled_from(sorted(REFUSED)))
def test_what_is_no_utf8_text_is_refused_by_name(tmp_path_factory, name, seed, saved):
    reader = TEXTS[name]
    path = reader.make(tmp_path_factory.mktemp("text"), random.Random(seed))
    changed = random.Random(seed).choice(files(path))
    changed.write_bytes(REFUSED[saved](changed.read_bytes()))
    with pytest.raises(ValueError, match=r"UTF-8|NUL") as error:
        reader.read(path)
    assert str(changed) in str(error.value)
