"""Prompt and context files: the rows, and the line of whatever is wrong."""

import pytest

from real_models import read_contexts, read_prompts, texts_of

ROW = '{"concept": "code", "kind": "positive", "text": "def f():"}\n'


@pytest.fixture
def file(tmp_path):
    """`file(content)`: the path of a file with that content."""
    path = tmp_path / "p.jsonl"

    def write(content):
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_prompts(file):
    prompts = read_prompts(
        file(ROW + '{"concept": "code", "kind": "negative", "text": "Zeile\\u2028é"}\n' + ROW.replace("code", "x")[:-1])
    )
    assert texts_of(prompts, "positive") == ["def f():"] * 2
    assert texts_of(prompts, "positive", "code") == ["def f():"]
    assert texts_of(prompts, "negative") == ["Zeile\u2028é"]


def test_contexts(file):
    content = '{"negative": ["a", "b"]}\n{"code": ["c"], "upper": ["D"]}\n'
    assert read_contexts(file(content)) == {"negative": ["a", "b"], "code": ["c"], "upper": ["D"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"p.jsonl: is empty, expected at least one line"),
        (ROW + "\n" + ROW, r"p.jsonl:2: empty line"),
        (ROW + ROW + "{nope}\n", r"p.jsonl:3: not valid JSON \(Expecting property name .* at column 2\)"),
        (ROW + "[1]\n", r"p.jsonl:2: expected a JSON object, got list"),
        (ROW + ROW.replace('"kind"', '"sort"'), r"p.jsonl:2: expected a non-empty text under 'kind', got None"),
        (ROW.replace("def f():", ""), r"p.jsonl:1: expected a non-empty text under 'text', got ''"),
        (ROW.replace('"positive"', "3"), r"p.jsonl:1: expected a non-empty text under 'kind', got 3"),
        (ROW.replace("positive", "neutral"), r"p.jsonl:1: kind is 'neutral', expected 'positive' or 'negative'"),
        (b"\xff\xfe", r"p.jsonl: is UTF-16 text, expected UTF-8"),
    ],
)
def test_malformed_prompts(file, content, message):
    with pytest.raises(ValueError, match=message):
        read_prompts(file(content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("\n", r"p.jsonl: is empty"),
        ('{"a": ["x"]}\n{}\n', r"p.jsonl:2: expected a concept and its contexts"),
        ('{"a": "x"}\n', r"p.jsonl:1: expected a list of non-empty texts under 'a'"),
        ('{"a": []}\n', r"p.jsonl:1: expected a list of non-empty texts under 'a'"),
        ('{"a": ["x", ""]}\n', r"p.jsonl:1: expected a list of non-empty texts under 'a'"),
        ('{"a": ["x"]}\n{"a": ["y"]}\n', r"p.jsonl:2: the contexts of 'a' are given twice"),
    ],
)
def test_malformed_contexts(file, content, message):
    with pytest.raises(ValueError, match=message):
        read_contexts(file(content))


def test_missing_file(tmp_path):
    for read in (read_prompts, read_contexts):
        with pytest.raises(FileNotFoundError, match="absent: no such file"):
            read(tmp_path / "absent")
