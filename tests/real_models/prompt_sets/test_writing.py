"""Prompt sets: as many texts as asked for, none of them empty, the same again from the same seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_models import load_model
from real_models.prompt_sets.wording import BEGINNING, INSTRUCTION, opposite_in, worded
from real_models.prompt_sets.writing import ROUNDS, Nucleus, beginning, derived_seed, local_writer, written
from tiny_checkpoint import BOS, tiny_checkpoint

TEXT = st.text(min_size=1).filter(str.strip)
BLANK = st.sampled_from(["", " ", "\n\t "])


@given(st.lists(st.tuples(TEXT, st.none() | BLANK), min_size=1), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_no_text_is_empty_and_none_is_lost(pairs, count, seed):
    """Of a stock without two blanks in a row: what is not blank comes out, in order, until it is enough."""
    stock = [one for text, blank in pairs for one in ([text] if blank is None else [text, blank])]
    given_out, seeds = [], []

    def writer(prompt, wanted, own):
        seeds.append(own)
        some = [stock[(len(given_out) + n) % len(stock)] for n in range(wanted)]
        given_out.extend(some)
        return some

    texts = written(writer, "go on", count, seed)
    assert texts == [text for text in given_out if text.strip()]
    assert len(texts) == count
    assert seeds[0] == seed
    assert len(set(seeds)) == len(seeds)


def test_a_writer_of_blanks_alone_is_given_up():
    seeds = []

    def writer(prompt, wanted, own):
        seeds.append(own)
        return ["kept", *[" "] * (wanted - 1)] if len(seeds) == 1 else [" "] * wanted

    with pytest.raises(ValueError, match=f"3 of 4 texts were empty {ROUNDS} times"):
        written(writer, "go on", 4, 0)
    assert len(set(seeds)) == ROUNDS


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(str(tiny_checkpoint(tmp_path_factory.mktemp("writer")).model))


@pytest.mark.slow
def test_the_model_itself_writes_from_nothing_the_same_again(model):
    write = local_writer(model, Nucleus(tokens=5, top_k=None, top_p=None))
    assert beginning(model) == [BOS]
    first = written(write, None, 7, 3)
    assert first == written(write, None, 7, 3)
    assert first != written(write, None, 7, 4)
    assert all(1 <= len(text.split()) <= 5 for text in first)


@pytest.mark.slow
def test_the_nucleus_cuts_what_is_drawn(model):
    """With the one likeliest token all texts are the greedy one, whatever the seed: by the model's own logits."""
    [text] = {text for seed in (0, 1) for text in local_writer(model, Nucleus(tokens=3, top_k=1))("w3", 4, seed)}
    ids = model.encode("w3")
    for _ in range(3):
        ids.append(int(np.argmax(np.asarray(model.position_logits(ids))[-1])))
    assert text == model.tokenizer.decode(ids[-3:])


def test_every_set_has_a_seed_of_its_own():
    sets = [
        (seed, concept, kind) for seed in range(50) for concept in ("joy", "evil") for kind in ("positive", "random")
    ]
    assert len({derived_seed(*one) for one in sets}) == len(sets)
    assert derived_seed(0, "a", "b") != derived_seed(0, "ab")


@pytest.mark.parametrize("wording", [INSTRUCTION, BEGINNING])
def test_the_concept_is_in_the_wording_throughout(wording):
    assert "{" not in worded(wording, "mild envy")
    assert worded(wording, "mild envy").count("mild envy") == wording.count("{concept}") > 0
    with pytest.raises(ValueError, match="where the concept goes"):
        worded("Write something.", "joy")


def test_the_opposite_is_read_from_an_answer_or_refused():
    assert opposite_in("\n **Sadness.**\nThat is all.", "joy") == "Sadness"
    for answer in ("", "  \n", "Joy", "There are many words that could be said to be that"):
        with pytest.raises(ValueError, match="name it with --opposite"):
            opposite_in(answer, "joy")
