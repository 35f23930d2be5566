"""Prompt and context files: the rows, and the line of whatever is wrong."""

import pytest

from real_models import read_contexts, read_prompts, read_texts, texts_of

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


def test_texts_by_what_their_rows_say(tmp_path):
    """Rows say their kind and concept, or one of them, or neither; a .txt file says neither."""
    rows = [
        '{"text": "a"}',
        '{"text": "b", "kind": "positive"}',
        '{"text": "c", "kind": "negative", "more": 1}',
        '{"text": "d", "concept": "joy"}',
        '{"text": "e", "concept": "joy", "kind": "negative"}',
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n\n")
    (tmp_path / "lines.TXT").write_text("  a \nb\n\n")
    assert read_texts(tmp_path / "rows.jsonl", "positive") == ["a", "b", "d"]
    assert read_texts(tmp_path / "rows.jsonl", "negative") == ["a", "c", "d", "e"]
    assert read_texts(tmp_path / "rows.jsonl", "negative", "joy") == ["a", "c", "d", "e"]
    assert read_texts(tmp_path / "rows.jsonl", "negative", "evil") == ["a", "c"]
    for kind in ("positive", "negative"):
        assert read_texts(tmp_path / "lines.TXT", kind) == ["  a ", "b"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "t.jsonl",
            '{"text": "a"}\n{"prompt": "b"}\n',
            r't.jsonl:2: .* text under .text., got None; a row such as {"text": ',
        ),
        ("t.jsonl", '{"text": ["a"]}\n', r"t.jsonl:1: expected a non-empty text under .text., got \['a'\]"),
        ("t.jsonl", '{"text": "a", "kind": "Positive"}\n', r"t.jsonl:1: kind is 'Positive', expected 'positive' or"),
        ("t.jsonl", '{"text": "a", "kind": null}\n', r"t.jsonl:1: kind is None, expected 'positive' or"),
        ("t.jsonl", '{"text": "a", "concept": 3}\n', r"t.jsonl:1: expected a non-empty text under 'concept', got 3"),
        (
            "t.jsonl",
            '{"text": "a", "kind": "negative"}\n',
            r"no text of kind 'positive'; expected one or more, such as {",
        ),
        ("t.jsonl", "a plain line\n", r"t.jsonl:1: not valid JSON"),
        ("t.txt", "a\n\nb\n", r"t.txt:2: blank line, expected one text a line"),
        ("t.txt", "\n", r"t.txt: is empty"),
    ],
)
def test_malformed_texts(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        read_texts(tmp_path / name, "positive")


def test_contexts_one_a_line(tmp_path):
    (tmp_path / "joy.txt").write_text("a\nb\n")
    assert read_contexts(tmp_path / "joy.txt") == {"joy": ["a", "b"]}
    assert read_contexts(tmp_path / "joy.txt", "evil") == {"evil": ["a", "b"]}


def test_the_references_directory_of_prompts(tmp_path):
    """`<concept>_positive.jsonl` and `<concept>_<model>_negative.jsonl`, at any depth, one of each."""
    folder = tmp_path / "run_seed1" / "prompts"
    folder.mkdir(parents=True)
    for name, kind in (("very_odd_positive", "positive"), ("very_odd_gpt2_negative", "negative")):
        (folder / f"{name}.jsonl").write_text(f'{{"concept": "Very odd!", "kind": "{kind}", "text": "{kind}"}}\n')
    for concept in ("Very odd!", None):
        assert read_texts(tmp_path, "positive", concept) == ["positive"]
        assert read_texts(tmp_path, "negative", concept) == ["negative"]
    with pytest.raises(
        ValueError, match=r"expected one file <concept>_positive.jsonl .* of 'joy', got none; name the file"
    ):
        read_texts(tmp_path, "positive", "joy")
    (folder / "very_odd_llama_negative.jsonl").write_text("")
    with pytest.raises(
        ValueError, match=r"got .*very_odd_gpt2_negative.jsonl, .*very_odd_llama_negative.jsonl; name the file"
    ):
        read_texts(tmp_path, "negative", "Very odd!")
