"""Documents from files and segments of token ids: what is kept, what begins with BOS, and what is refused."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from real_models.texts.segments import read_documents, token_segments

BOS, EOS = 0, 1


def tokenizer_of(template: str | None) -> Tokenizer:
    """Words w2, w3, ... are the tokens 2, 3, ...; `template` is the tokenizer's own rule."""
    words = {"<s>": BOS, "</s>": EOS} | {f"w{n}": n for n in range(2, 40)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="</s>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if template:
        special = [("<s>", BOS), ("</s>", EOS)]
        tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=special)
    return tokenizer


PLAIN, BEGUN, ENCLOSED = (tokenizer_of(template) for template in (None, "<s> $A", "<s> $A </s>"))


def document(ids):
    return " ".join(f"w{n}" for n in ids)


tokens = st.integers(2, 39)
documents = st.lists(st.lists(tokens, max_size=30), max_size=4)


@given(documents, st.integers(2, 9))
def test_without_a_beginning_token_only_each_blocks_first_token_is_not_predicted(texts, length):
    segments = token_segments(PLAIN, map(document, texts), length)
    expected = []
    for ids in texts:
        while len(ids) > 1:
            expected.append(ids[:length])
            ids = ids[length:]
    assert segments == expected


@given(documents, st.integers(2, 9))
def test_with_one_every_token_of_every_document_is_predicted_once(texts, length):
    segments = token_segments(BEGUN, map(document, texts), length)
    assert all(segment[0] == BOS and 2 <= len(segment) <= length for segment in segments)
    assert [n for segment in segments for n in segment[1:]] == [n for ids in texts for n in ids]
    assert len(segments) == sum(-(-len(ids) // (length - 1)) for ids in texts)


@given(st.lists(tokens, min_size=1, max_size=30), st.integers(2, 9))
def test_what_ends_a_text_is_predicted_too(ids, length):
    segments = token_segments(ENCLOSED, [document(ids)], length)
    assert [n for segment in segments for n in segment[1:]] == [*ids, EOS]


def test_no_more_blocks_are_made_than_asked_for():
    def endless():
        while True:
            yield document([2, 3, 4, 5, 6])

    assert token_segments(PLAIN, endless(), 3, most=3) == [[2, 3, 4], [5, 6], [2, 3, 4]]


def test_what_is_written_in_a_text_is_not_the_rules():
    """A text may itself begin with the beginning token; it is then there twice, and the second is predicted."""
    assert token_segments(BEGUN, ["<s> w2 w3"], 4) == [[BOS, BOS, 2, 3]]


def test_blocks_that_cannot_be():
    with pytest.raises(ValueError, match="segments of 1 tokens: expected 2 or more"):
        token_segments(PLAIN, [], 1)
    with pytest.raises(ValueError, match="0 segments of text asked for: expected 1 or more"):
        token_segments(PLAIN, [], 8, most=0)
    with pytest.raises(ValueError, match="begins a text with more than a token of its own"):
        token_segments(tokenizer_of("<s> </s> $A"), ["w2 w3"], 8)


def parquet(path, columns):
    pa = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    write_table(pa.table(columns), path)


def test_the_three_formats_hold_the_same_documents(tmp_path):
    texts = ["def f():\n    return 1\n", "", "naïve\u2028 café"]
    (tmp_path / "t.txt").write_text(texts[0], encoding="utf-8")
    rows = (json.dumps({"text": text, "id": n}, ensure_ascii=n == 0) for n, text in enumerate(texts))
    (tmp_path / "t.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert list(read_documents(tmp_path / "t.txt")) == texts[:1]
    assert list(read_documents(tmp_path / "t.jsonl")) == texts
    parquet(tmp_path / "t.parquet", {"id": [0, 1, 2], "text": texts})
    assert list(read_documents(tmp_path / "t.parquet")) == texts


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("t.csv", b"text\n", r"t\.csv: expected text in a file that ends in \.txt, \.jsonl, \.parquet"),
        ("t.txt", b"\xff", r"t\.txt:1: byte 0xff is not UTF-8"),
        ("t.jsonl", b'{"text": "a"}\n{"words": "b"}\n', r"t\.jsonl:2: expected a text under 'text', got None"),
        ("t.jsonl", b'{"text": "a"}\n{"text": 3}\n', r"t\.jsonl:2: expected a text under 'text', got 3"),
        ("t.jsonl", b'{"text": "a"}\n{"text": \n', r"t\.jsonl:2: not valid JSON"),
        ("t.jsonl", b"", r"t\.jsonl: is empty"),
    ],
)
def test_bad_files(tmp_path, name, content, complaint):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=complaint):
        list(read_documents(tmp_path / name))


def test_bad_parquet(tmp_path, monkeypatch):
    parquet(tmp_path / "null.parquet", {"text": ["a", None]})
    with pytest.raises(ValueError, match=r"null\.parquet, row 2: expected a text under 'text', got None"):
        list(read_documents(tmp_path / "null.parquet"))
    parquet(tmp_path / "other.parquet", {"body": ["a"], "id": [1]})
    with pytest.raises(ValueError, match=r"other\.parquet: expected a column 'text', got body, id"):
        list(read_documents(tmp_path / "other.parquet"))
    (tmp_path / "junk.parquet").write_bytes(b"junk")
    with pytest.raises(ValueError, match=r"junk\.parquet is not a parquet file that can be read"):
        list(read_documents(tmp_path / "junk.parquet"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match=r"junk\.parquet: parquet is read with pyarrow; pip install pyarrow"):
        list(read_documents(tmp_path / "junk.parquet"))


def test_no_file():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt: no such file"):
        read_documents("nowhere.txt")


class Broken:
    """A tokenizer whose library panics, which is no Exception."""

    class PanicException(BaseException):
        pass

    def encode(self, _text, add_special_tokens=True):
        raise self.PanicException("index out of bounds\nat src/lib.rs")


def test_a_panic_of_the_tokenizers_library_is_one_line():
    from real_models.texts.reference import reference_segments

    for cut in (lambda: token_segments(Broken(), ["text"], 8), lambda: reference_segments(Broken(), ["text"], None)):
        with pytest.raises(ValueError, match=r"^a document cannot be tokenised: index out of bounds$"):
            cut()
