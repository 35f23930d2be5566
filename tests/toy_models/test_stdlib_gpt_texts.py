"""The prompts, contexts, segments and target sets beside the shipped model."""

import builtins
import json
import keyword
import sys
import token
from itertools import combinations, pairwise
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toy_models import stdlib_gpt
from toy_models.stdlib_gpt import CONCEPTS, NEGATIVES, USES, corpus, targets, texts
from toy_models.stdlib_gpt.corpus import Document
from toy_models.stdlib_gpt.evaluate import FIGURES
from toy_models.stdlib_gpt.texts import Span, Taken
from toy_models.stdlib_gpt.tokenizer import load_tokenizer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bpe():
    return load_tokenizer(stdlib_gpt.CHECKPOINT)


@pytest.fixture(scope="module")
def held_out():
    return corpus.split(corpus.documents())[1]


@pytest.mark.parametrize("concept", CONCEPTS)
def test_prompts_are_as_many_as_promised_and_named_after_their_concept(concept):
    for use in USES:
        contrastive, random = (stdlib_gpt.prompts(concept, use, negatives) for negatives in NEGATIVES)
        assert contrastive[0] == random[0]
        assert {len(side) for side in (*contrastive, *random)} == {texts.PROMPTS[concept]}
        shortest, longest = texts.LENGTHS[concept]
        assert all(shortest <= len(text) <= longest for side in (*contrastive, random[1]) for text in side)


@pytest.mark.parametrize("concept", CONCEPTS)
def test_contexts_are_twelve_and_four_short_prompts(concept, bpe):
    negative, positive = stdlib_gpt.contexts(concept)
    assert (len(negative), len(positive)) == (12, 4)
    shortest, longest = texts.CONTEXT_TOKENS
    assert all(shortest <= texts.token_count(bpe, text) <= longest for text in negative + positive)
    more, with_concept = stdlib_gpt.contexts(concept, further=True)
    assert 1 <= len(with_concept) <= 4
    assert len({*negative, *positive, *more, *with_concept}) == 32
    assert all(shortest <= texts.token_count(bpe, text) <= longest for text in more + with_concept)


def test_segments_have_equally_many_tokens(bpe):
    assert len(stdlib_gpt.segments()) == texts.SEGMENTS
    assert {texts.token_count(bpe, text) for text in stdlib_gpt.segments()} == {texts.SEGMENT_TOKENS}


@pytest.mark.parametrize("use", USES)
def test_uppercase_prompts_are_uppercase_and_their_negatives_are_not(use):
    positive, negative = stdlib_gpt.prompts("uppercase", use)
    assert min(map(texts.uppercase_share, positive)) >= texts.UPPERCASE_SHARE
    assert max(map(texts.uppercase_share, negative)) == 0


def every_set() -> dict[str, set[str]]:
    """Each use's texts over both concepts, one set a use."""
    sets = {"segments": set(stdlib_gpt.segments()), "contexts": set()}
    for concept in CONCEPTS:
        sets["contexts"].update(*stdlib_gpt.contexts(concept), *stdlib_gpt.contexts(concept, further=True))
    for use in USES:
        sides = [stdlib_gpt.prompts(concept, use, kind) for concept in CONCEPTS for kind in NEGATIVES]
        sets[use] = {text for pair in sides for side in pair for text in side}
    return sets


def test_no_text_of_one_use_is_or_contains_one_of_another():
    for a, b in combinations(every_set().values(), 2):
        assert not any(x in y or y in x for x in a for y in b)


def test_positives_and_negatives_of_one_file_are_distinct():
    for concept in CONCEPTS:
        for use in USES:
            for kind in NEGATIVES:
                positive, negative = stdlib_gpt.prompts(concept, use, kind)
                assert len({*positive, *negative}) == len(positive) + len(negative)


def test_the_committed_texts_are_the_rules_own_on_the_python_of_the_model_card(held_out, bpe):
    recorded = json.loads(FIGURES.read_text())
    if corpus.digest(held_out) != recorded["held_out_sha256"]:
        pytest.skip(f"the texts were cut from CPython {recorded['cpython']}'s library")
    for path, rows in texts.draw(held_out, bpe).items():
        assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == rows


DOCUMENTS = st.lists(st.text("ab \n", max_size=60), min_size=1, max_size=3).map(
    lambda bodies: [Document(name=str(i), kind="code", text=body) for i, body in enumerate(bodies)]
)


def clash(a: Span, b: Span) -> bool:
    overlap = a.document.name == b.document.name and a.start < b.end and b.start < a.end
    return overlap or a.text in b.text or b.text in a.text


@given(DOCUMENTS, st.integers(1, 8))
def test_cutting_takes_every_span_that_clashes_with_none_before_it_then_refuses(documents, shortest):
    candidates = list(texts.spans(documents, shortest, shortest + 5))
    assert all(shortest <= span.end - span.start <= shortest + 5 for span in candidates)
    assert all(span.text == span.text.strip() for span in candidates)
    taken = Taken()
    with pytest.raises(ValueError, match="expected 1000"):
        taken.cut(candidates, 1_000, "texts")
    cut = [span for spans in taken.spans.values() for span in spans]
    assert not any(clash(a, b) for a, b in combinations(cut, 2))
    assert all(any(clash(span, old) for old in cut) for span in candidates)


@given(DOCUMENTS)
def test_most_disjoint_keeps_disjoint_spans_and_as_many_as_any_choice(documents):
    candidates = list(texts.spans(documents[:1], 2, 6))[:10]
    chosen = texts.most_disjoint(candidates)
    assert all(a.end <= b.start for a, b in pairwise(chosen))
    more = combinations(sorted(candidates, key=lambda s: s.start), len(chosen) + 1)
    assert not any(all(a.end <= b.start for a, b in pairwise(c)) for c in more)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("for x in range(3):\n    total += x\n", True),
        ("# a comment that goes on and on\nx = 1\n", False),
        ('"""A docstring,\nof two lines."""\nx = 1\n', False),
        ('f"{x} of {y}"\n', False),
    ],
)
def test_code_stands_outside_strings_and_comments(text, code):
    document = Document(name=text, kind="code", text=text)
    assert texts.is_code(Span(document=document, start=0, end=len(text.rstrip()))) is code


def test_prose_is_documentation_in_sentences():
    def prose(text, kind: Literal["prose", "code"] = "prose"):
        return texts.is_prose(Span(document=Document(name="d", kind=kind, text=text), start=0, end=len(text)))

    assert prose("The if statement is used for conditional execution.")
    assert not prose('if_stmt ::= "if" assignment_expression ":" suite ("elif" ...)*')
    assert not prose("The if statement is used for conditional execution.", kind="code")


@pytest.mark.parametrize("concept", CONCEPTS)
def test_target_sets_are_the_hashed_ones(concept):
    mask = stdlib_gpt.target_tokens(concept)
    recorded = json.loads(targets.HASHES.read_text())[concept]
    assert {"tokens": int(mask.sum()), "sha256": targets.mask_hash(mask)} == recorded
    mask[0] = ~mask[0]
    assert targets.mask_hash(mask) != recorded["sha256"]


def test_target_sets_follow_their_rules(bpe):
    vocabulary = [bpe.decode([i]).strip() for i in range(bpe.get_vocab_size())]
    code, upper = (stdlib_gpt.target_tokens(concept) for concept in CONCEPTS)
    assert {"def", "return", "==", "len", "None"} <= {vocabulary[i] for i in np.flatnonzero(code)}
    assert not {"", ",", "(", "the", "self"} & {vocabulary[i] for i in np.flatnonzero(code)}
    assert all(vocabulary[i].isupper() and len(vocabulary[i]) > 1 for i in np.flatnonzero(upper))
    assert not any(text.isalpha() and text.isupper() and len(text) > 1 for text in np.array(vocabulary)[~upper])


def test_every_committed_python_word_is_one_in_the_running_python():
    words = json.loads(targets.WORDS.read_text())
    assert set(words["keywords"]) <= {*keyword.kwlist, *keyword.softkwlist}
    assert set(words["builtins"]) <= set(dir(builtins))
    assert set(words["operators"]) <= set(token.EXACT_TOKEN_TYPES)
    if sys.version_info[:2] == (3, 11):
        assert words == targets.python_words()


@pytest.mark.parametrize(
    "call",
    [
        lambda: stdlib_gpt.prompts("colour"),
        lambda: stdlib_gpt.prompts("uppercase", "training"),
        lambda: stdlib_gpt.prompts("uppercase", "vector", "none"),
        lambda: stdlib_gpt.contexts("colour"),
        lambda: stdlib_gpt.target_tokens("colour"),
    ],
)
def test_unknown_names_are_refused(call):
    with pytest.raises(ValueError, match=r"unknown .* expected one of"):
        call()
