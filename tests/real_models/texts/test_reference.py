"""The reference's conventions for text, against a plain reading of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from real_models.texts.reference import PREDICTIONS, end_of_text, reference_segments

BOS, END = 0, 1
SPECIAL = {"<s>": BOS, "</s>": END}


@pytest.fixture(scope="module")
def tokenizer():
    """Begins each text with a token of its own, by its own rule, which the reference does not follow."""
    words = Tokenizer(models.WordLevel(SPECIAL | {f"w{n}": n for n in range(2, 40)}, unk_token="w2"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=list(SPECIAL.items()))
    return words


@given(lengths=st.lists(st.integers(0, 400), max_size=4), ended=st.booleans(), most=st.none() | st.integers(1, 5))
def test_whole_spans_of_each_document(tokenizer, lengths, ended, most):
    ids = [[2 + (k * 7 + length) % 38 for k in range(length)] for length in lengths]
    documents = [" ".join(f"w{n}" for n in document) for document in ids]
    segments = reference_segments(tokenizer, documents, END if ended else None, most)
    inputs, labels = [], []  # as the reference feeds them: both of 128 tokens, the labels one token on
    for document in ids:
        text = document + [END] * (ended and bool(document))
        for start in range(0, len(text), 128):
            if start + 129 <= len(text):
                inputs.append(text[start : start + 128])
                labels.append(text[start + 1 : start + 129])
    assert [segment[:-1] for segment in segments] == inputs[:most]
    assert [segment[1:] for segment in segments] == labels[:most]
    assert all(len(segment) == PREDICTIONS + 1 and BOS not in segment for segment in segments)


def test_blocks_that_cannot_be(tokenizer):
    assert reference_segments(tokenizer, ["", " \n"], END) == []
    with pytest.raises(ValueError, match="0 segments of text asked for"):
        reference_segments(tokenizer, [], END, most=0)


@pytest.mark.parametrize(
    ("tokens", "model", "expected"),
    [
        ({"eos_token": "</s>"}, {"eos_token_id": 5}, END),
        ({"eos_token": {"content": "</s>"}}, {}, END),
        ({}, {"eos_token_id": 5}, 5),
        ({"pad_token": "</s>"}, {"eos_token_id": [7, 5]}, 7),
        ({"sep_token": "<s>", "pad_token": "</s>"}, {}, BOS),
        ({"eos_token": "<missing>", "pad_token": "</s>"}, {}, END),
        ({"eos_token": 3}, {"eos_token_id": "x"}, None),
        ([], [], None),
        (None, None, None),
    ],
)
def test_what_ends_a_text(tmp_path, tokenizer, tokens, model, expected):
    for name, said in (("tokenizer_config.json", tokens), ("config.json", model)):
        if said is not None:
            (tmp_path / name).write_text(json.dumps(said))
    assert end_of_text(tmp_path, tokenizer) == expected
