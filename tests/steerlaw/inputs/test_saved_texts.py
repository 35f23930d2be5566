"""What a saved sweep says in words comes back as it was, whatever the characters, and broken words are refused."""

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.observing.sweep import Sweep
from steerlaw.inputs.observation_file import load_observations, save_observations
from steerlaw.inputs.saved_texts import NAME, with_texts, without_texts
from steerlaw.inputs.subjects import Observation, Subject

GRID = [-1.0, 0.0, 1.0]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(["\0", "a\0b", "\n", "\x1b["])
contexts = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4) | texts, min_size=1, max_size=3)


def dataset(contexts, vocabulary):
    size = (len(contexts), vocabulary)
    return xr.Dataset({"peak": (("context", "vocab"), np.zeros(size))}, coords={"strength": GRID})


@given(contexts, st.lists(texts, min_size=1, max_size=6))
def test_contexts_and_texts_come_back(contexts, tokens):
    data, subject = dataset(contexts, len(tokens)), Subject(model="m", contexts=contexts, token_text=tokens.__getitem__)
    again, named = without_texts(with_texts(data, subject), Subject(model="m"), "file")
    assert again.identical(data)
    assert list(named.contexts) == contexts
    assert named.token_text is not None
    assert [named.token_text(token) for token in range(len(tokens))] == tokens
    assert named.token_text(len(tokens)) == named.token_text(-1) == ""


def test_a_subject_that_names_no_contexts_is_saved_and_read(tmp_path):
    sweep = Sweep(data=dataset([[1], [2]], 2))
    subject = Subject(model="m", token_text="ab".__getitem__)
    save_observations([Observation(subject=subject, kind="next token", sweep=sweep, baseline=None)], tmp_path / "s.nc")
    (read,) = load_observations(tmp_path / "s.nc")
    assert list(read.subject.contexts) == [0, 1]
    assert read.subject.token_text is not None
    assert read.subject.token_text(1) == "b"


@settings(max_examples=10)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6), st.none() | texts)
def test_names_of_any_characters_come_back(tmp_path_factory, model, instance):
    path = tmp_path_factory.mktemp("names") / "s.nc"
    sweep = Sweep(data=dataset([[1]], 2).assign_attrs({"model": model, "instance": instance}))
    subject = Subject(model=model, instance=instance, contexts=[[1]])
    save_observations([Observation(subject=subject, kind="next token", sweep=sweep, baseline=None)], path)
    (read,) = load_observations(path)
    assert (read.subject.model, read.subject.instance, read.subject.contexts) == (model, instance, [[1]])
    assert read.subject.token_text is None


def test_a_file_without_words_leaves_the_subject_as_it_is():
    subject = Subject(model="m", contexts=range(2))
    assert without_texts(dataset([[1], [2]], 3), subject, "file")[1] is subject


@pytest.mark.parametrize(
    "broken",
    [b"", b"{", b"[1]", b"\xff\xfe", b'{"contexts": 3}', json.dumps({"contexts": [[1]] * 5, "tokens": None}).encode()],
)
def test_broken_words_are_refused_in_one_line(broken):
    data = dataset([[1], [2]], 3).assign({NAME: ("byte", np.frombuffer(broken, np.uint8))})
    with pytest.raises(ValueError, match=r"^file.nc: subject_texts: ") as refused:
        without_texts(data, Subject(model="m"), "file.nc")
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match="expected bytes, got float64"):
        without_texts(data.assign({NAME: ("byte", np.zeros(3))}), Subject(model="m"), "file.nc")
