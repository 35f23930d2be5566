"""The text of the shipped model, its tokenizer, and the baseline it is measured against."""

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toy_models.stdlib_gpt import corpus, tokenizer
from toy_models.stdlib_gpt.corpus import Document
from toy_models.stdlib_gpt.trigram import Counts, count, fit_weights, trigram_nats, weighted_frequencies

pytestmark = pytest.mark.slow

TOPICS = 'topics = {"if": "The if statement.", "for": "The for statement."}\nraise SystemExit("executed")\n'
FILES = {
    "os.py": "import abc\r\n",
    "json/decoder.py": "class JSONDecoder: ...\n",
    "json/tests/test_decoder.py": "assert True\n",
    "test/test_os.py": "assert True\n",
    "site-packages/numpy.py": "pi = 3\n",
    "encodings/cp437.py": "table = 0\n",
    "_sysconfigdata_x.py": "prefix = '/usr'\n",
    "LICENSE.txt": "You may.\n",
    "help.html": "<html><style>p {}</style><p>Press <b>F1</b> &amp; read.</p></html>",
    "pydoc_data/topics.py": TOPICS,
    "logo.gif": "GIF89a",
}


@pytest.fixture
def library(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return tmp_path


def test_documents_are_source_and_documentation_without_tests_packages_and_build_files(library):
    assert [(d.name, d.kind, d.text) for d in corpus.documents(library)] == [
        ("LICENSE.txt", "prose", "You may.\n"),
        ("help.html", "prose", "Press F1 & read.\n"),
        ("json/decoder.py", "code", "class JSONDecoder: ...\n"),
        ("os.py", "code", "import abc\n"),
        ("pydoc_data/topics.py#for", "prose", "The for statement."),
        ("pydoc_data/topics.py#if", "prose", "The if statement."),
    ]


def test_a_folder_without_source_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no standard library source"):
        corpus.documents(tmp_path)


def test_the_split_depends_on_names_alone_and_holds_out_about_its_share():
    names = [f"{i}.py" for i in range(5_000)]
    learned, held_out = corpus.split(Document(name=name, kind="code", text="") for name in names)
    again = [Document(name=d.name, kind="code", text="other").held_out for d in held_out]
    assert all(again)
    assert len(learned) + len(held_out) == len(names)
    share = corpus.HELD_OUT_PER_THOUSAND["code"] / 1000
    assert abs(len(held_out) / 5_000 - share) < 5 * math.sqrt(share / 5_000)


def test_the_digest_sees_names_texts_and_boundaries():
    def document(name, text):
        return Document(name=name, kind="code", text=text)

    corpora = [[("a", "bc")], [("ab", "c")], [("a", "b"), ("c", "")], [("a", "bd")], []]
    assert len({corpus.digest(document(*pair) for pair in pairs) for pairs in corpora}) == len(corpora)


def test_the_running_library_has_both_registers_on_both_sides():
    sides = corpus.split(corpus.documents())
    assert all({d.kind for d in side} == {"code", "prose"} for side in sides)


@pytest.fixture(scope="module")
def bpe():
    texts = ["def f(x):\n    return x\n" * 20, "The quick brown fox.\n" * 20]
    return tokenizer.train_tokenizer(Document(name=str(i), kind="code", text=text) for i, text in enumerate(texts))


@given(st.text())
def test_any_string_round_trips_after_the_beginning_of_text_token(bpe, text):
    ids = bpe.encode(text).ids
    assert ids[0] == bpe.token_to_id(tokenizer.BOS)
    assert bpe.decode(ids) == text.replace(tokenizer.BOS, "")


def test_a_saved_tokenizer_reads_back(bpe, tmp_path):
    tokenizer.save_tokenizer(bpe, tmp_path, max_positions=256)
    assert tokenizer.load_tokenizer(tmp_path).encode("def fox").ids == bpe.encode("def fox").ids


V, BOS = 4, 0
TEXTS = st.lists(st.lists(st.integers(0, V - 1), max_size=12).map(lambda x: np.array(x, np.int32)), min_size=1)
CORPORA = TEXTS.filter(lambda texts: sum(map(len, texts)) > 0)
WEIGHTS = st.lists(st.floats(0.01, 1), min_size=4, max_size=4).map(lambda x: np.array(x) / sum(x))


def probabilities(counts: Counts, weights, u: int, v: int) -> np.ndarray:
    """p(w | u v) for every w, through the public functions."""
    texts = [np.array([u, v, w], np.int32) for w in range(V)]
    return weighted_frequencies(counts, weights, texts, BOS).sum(axis=1)[2::3]


@given(CORPORA, WEIGHTS)
def test_the_trigram_is_the_formula_and_sums_to_one(texts, weights):
    padded = [[BOS, BOS, *text.tolist()] for text in texts]
    grams = [Counter(tuple(t[i - n : i + 1]) for t in padded for i in range(2, len(t))) for n in range(3)]
    counts = count(texts, V, BOS)
    for u, v in product(range(V), repeat=2):
        expected, below = np.full(V, weights[0] / V), np.full(V, 1 / V)
        for n, context in enumerate([(), (v,), (u, v)]):
            seen = np.array([grams[n][(*context, w)] for w in range(V)], float)
            below = seen / seen.sum() if seen.sum() else below
            expected += weights[n + 1] * below
        found = probabilities(counts, weights, u, v)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert found.sum() == pytest.approx(1, rel=1e-12)


@given(CORPORA, CORPORA)
def test_expectation_maximisation_never_lowers_the_likelihood(train, texts):
    counts = count(train, V, BOS)

    def log_likelihood(rounds: int) -> float:
        weights = fit_weights(counts, texts, BOS, rounds)
        assert weights.sum() == pytest.approx(1)
        return np.log(weighted_frequencies(counts, weights, texts, BOS).sum(axis=1)).sum()

    values = [log_likelihood(rounds) for rounds in (0, 1, 2, 5, 10)]
    assert np.diff(values).min() >= -1e-9 * abs(values[0])


def test_the_trigram_learns_a_cycle():
    cycle = np.tile(np.array([1, 2, 3], np.int32), 40)
    nats = trigram_nats([cycle] * 40, [cycle], V, BOS)
    assert nats / len(cycle) < 0.02 < math.log(V)
