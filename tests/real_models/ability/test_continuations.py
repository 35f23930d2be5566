"""Continuations are scored as a plain run of the model scores them, whatever they share."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from real_models import load_model
from real_models.ability.continuations import score_continuations
from tiny_checkpoint import VOCABULARY, tiny_checkpoint

ids = st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=4)
VECTOR = np.random.default_rng(5).standard_normal(8)
STRENGTHS = [-3.0, 0.0, 1.5]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(tiny_checkpoint(tmp_path_factory.mktemp("model")).model, dtype="float64")


@cache
def table(model, tokens: tuple[int, ...]):
    """Oracle: log-softmax of the logits after a prompt, one prompt at a time."""
    logits = model.logits(list(tokens), STRENGTHS, layer=0, vector=VECTOR)
    return np.asarray(jax.nn.log_softmax(jnp.asarray(logits, jnp.float64), axis=-1))


def expected(model, context, continuation):
    rows = [table(model, (*context, *continuation[:n])) for n in range(len(continuation))]
    own = sum(row[:, token] for row, token in zip(rows, continuation, strict=True))
    return own, np.all([row.argmax(1) == z for row, z in zip(rows, continuation, strict=True)], axis=0)


def check(model, context, endings, last):
    """Some of the continuations differ in their last token alone, and one text is cut at two places."""
    endings = [*endings, *([*endings[0][:-1], token] for token in last)]
    contexts = [*[context] * len(endings), [*context, *endings[0]][:-1]]
    endings = [*endings, endings[0][-1:]]
    found = score_continuations(model, contexts, endings, STRENGTHS, layer=0, vector=VECTOR)
    for n, (before, after) in enumerate(zip(contexts, endings, strict=True)):
        log_probs, greedy = expected(model, before, after)
        np.testing.assert_allclose(found.log_probs[:, n], log_probs, rtol=0, atol=1e-12 * len(after))
        assert found.greedy[:, n].tolist() == greedy.tolist()


def test_each_is_the_sum_of_its_tokens_log_probabilities(model):
    check(model, [5, 9], [[7, 1, 2], [30]], [11, 36, 2])


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(context=ids, endings=st.lists(ids, min_size=1, max_size=3), last=st.lists(st.integers(0, 36), max_size=4))
def test_so_it_is_of_whatever_shares_tokens(model, context, endings, last):
    check(model, context, endings, last)


def test_the_likeliest_continuation_is_greedy(model):
    context, greedy = [3, 4], []
    for _ in range(3):
        greedy.append(int(table(model, (*context, *greedy))[1].argmax()))
    found = score_continuations(
        model, [context] * 2, [greedy, [*greedy[:2], 36 - greedy[2]]], [0.0], layer=1, vector=VECTOR
    )
    assert found.greedy[0].tolist() == [True, False]


def test_what_does_not_fit_the_positions_loses_tokens_on_the_left(model):
    most = model.spec.max_positions
    long = np.random.default_rng(0).integers(1, VOCABULARY, most + 9).tolist()
    kwargs = {"layer": 0, "vector": VECTOR}
    cut = score_continuations(model, [long, long[11:]], [[1, 2], [1, 2]], STRENGTHS, **kwargs)
    assert len(long[11:]) + 2 == most
    short = score_continuations(model, [long[10:]], [[1, 2]], STRENGTHS, **kwargs)
    # another batch is another order of the sums in float64
    np.testing.assert_allclose(cut.log_probs[:, 0], short.log_probs[:, 0], rtol=1e-12)
    assert (cut.log_probs[:, 1] != short.log_probs[:, 0]).all()


@pytest.mark.parametrize(("context", "continuation"), [([], [1]), ([1], []), ([1], [1] * 65)])
def test_nothing_to_score_is_refused(model, context, continuation):
    with pytest.raises(ValueError, match="expected 1 to 64 tokens after 1 or more"):
        score_continuations(model, [context], [continuation], [0.0], layer=0, vector=VECTOR)


@pytest.mark.parametrize("wrong", [VOCABULARY, -1])
def test_a_token_that_is_none_is_refused_wherever_it_stands(model, wrong):
    for context, continuation in (([wrong], [1]), ([1], [wrong]), ([1], [wrong, 1])):
        with pytest.raises(ValueError, match=f"token id {wrong} is out of range"):
            score_continuations(model, [context], [continuation], [0.0], layer=0, vector=VECTOR)
