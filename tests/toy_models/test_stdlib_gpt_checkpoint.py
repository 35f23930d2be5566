"""The shipped checkpoint: a real model, whole, and the one its figures were measured on."""

import hashlib
import json
import lzma
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_models.checkpoints.checkpoint import read_checkpoint
from real_models.decoding import decoder
from toy_models import stdlib_gpt
from toy_models.stdlib_gpt import CHECKPOINT, evaluate
from toy_models.stdlib_gpt.tokenizer import bos_id, load_tokenizer

pytestmark = pytest.mark.slow

# float32 sums of some 10^4 terms of size 1 reorder by 1e-6 of themselves at most.
LOSS_TOLERANCE = 2e-5


@pytest.fixture(scope="module")
def model():
    return *read_checkpoint(CHECKPOINT), load_tokenizer(CHECKPOINT)


def slice_figures(spec, params, bpe):
    return evaluate.text_figures(spec, params, bpe, evaluate.SLICE.read_bytes().decode())


def test_the_loss_on_the_committed_slice_is_the_recorded_one_and_beats_xz(model):
    found, recorded = slice_figures(*model), json.loads(evaluate.SLICE_FIGURES.read_text())
    assert {k: found[k] for k in ("sha256", "bytes", "tokens")} == {
        k: recorded[k] for k in ("sha256", "bytes", "tokens")
    }
    assert found["nats_per_token"] == pytest.approx(recorded["nats_per_token"], abs=LOSS_TOLERANCE)
    text = evaluate.SLICE.read_bytes()
    xz = 8 * len(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)) / len(text)
    assert found["bits_per_byte"] <= 0.6 * xz


def test_one_wrong_row_of_one_matrix_shows_in_the_loss(model):
    spec, params, bpe = model
    tampered = jax.tree.map(jnp.copy, params)
    up = tampered["blocks"][1]["up"]
    up["weight"] = up["weight"].at[7].multiply(-1)
    recorded = json.loads(evaluate.SLICE_FIGURES.read_text())
    assert abs(slice_figures(spec, tampered, bpe)["nats_per_token"] - recorded["nats_per_token"]) > LOSS_TOLERANCE


def test_the_recorded_figures_meet_the_bar_and_stand_in_the_model_card():
    figures = json.loads(evaluate.FIGURES.read_text())
    assert figures["model_over_trigram"] <= 0.65
    assert figures["model_over_xz"] <= 0.6
    card = (CHECKPOINT / "README.md").read_text(encoding="utf-8")
    for name in ("model_bits_per_byte", "trigram_bits_per_byte", "xz_bits_per_byte"):
        assert f"{figures[name]:.3f}" in card
    for name in ("cpython", "corpus_sha256", "held_out_sha256", "weights_sha256"):
        assert figures[name] in card


def test_the_weights_are_those_that_were_measured():
    figures = json.loads(evaluate.FIGURES.read_text())
    assert hashlib.sha256((CHECKPOINT / "model.safetensors").read_bytes()).hexdigest() == figures["weights_sha256"]


def test_the_directory_is_small():
    assert sum(path.stat().st_size for path in CHECKPOINT.iterdir()) <= 8_000_000


@given(st.integers(0, 60), st.integers(2, 8).map(lambda half: 2 * half))
def test_windows_count_every_token_once_with_half_a_window_before_it(n, length):
    ids = np.arange(1, n + 1, dtype=np.int32)
    inputs, targets, counted = evaluate.cut(ids, length, bos=0)
    np.testing.assert_array_equal(np.sort(targets[counted]), ids)
    assert (inputs[:, 0] == 0).all()
    np.testing.assert_array_equal(inputs[:, 1:], targets[:, :-1])
    window, place = np.nonzero(counted)
    assert (place >= np.minimum(targets[window, place] - 1, length // 2)).all()


def test_the_loss_of_short_texts_is_the_decoders_own(model):
    spec, params, bpe = model
    texts = [bpe.encode(text).ids for text in ("import os\n", "The import statement finds a module.")]
    found = evaluate.model_nats(spec, params, [np.array(ids[1:], np.int32) for ids in texts], bos_id(bpe))
    for nats, ids in zip(found, texts, strict=True):
        log_probs = jax.nn.log_softmax(decoder.forward(spec, params, jnp.array([ids]))[0])
        expected = -sum(float(log_probs[i, token]) for i, token in enumerate(ids[1:]))
        assert nats == pytest.approx(expected, rel=1e-5)


def test_the_model_knows_what_it_read(model):
    spec, params, bpe = model
    for text, continuation in (("if __name__ == '__main__", "'"), ("    def __init__(", "self")):
        logits = decoder.forward(spec, params, jnp.array([bpe.encode(text).ids]))[0, -1]
        assert bpe.decode([int(logits.argmax())]).startswith(continuation)
    assert math.log(spec.vocab_size) > json.loads(evaluate.SLICE_FIGURES.read_text())["nats_per_token"]


def test_transformers_reads_the_directory_and_agrees(model):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    spec, params, bpe = model
    theirs = transformers.AutoModelForCausalLM.from_pretrained(CHECKPOINT, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(CHECKPOINT)
    texts = [*stdlib_gpt.contexts("python_code")[1], *stdlib_gpt.segments()[:4], "naïve  café\n\t\u2028"]
    for text in texts:
        ids = bpe.encode(text).ids
        assert tokenizer(text)["input_ids"] == ids
        assert tokenizer.decode(ids, skip_special_tokens=True) == text
        with torch.no_grad():
            expected = theirs(torch.tensor([ids])).logits[0].numpy()
        found = np.asarray(decoder.forward(spec, params, jnp.array([ids]))[0])
        assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
