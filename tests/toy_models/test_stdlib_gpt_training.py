"""Training resumes bit for bit, and writes a checkpoint that the loader reads back."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from real_models.checkpoints.checkpoint import read_checkpoint
from real_models.decoding.decoder import Spec

pytest.importorskip("optax")

from toy_models.stdlib_gpt import train as training
from toy_models.stdlib_gpt.checkpoint_files import save_llama

pytestmark = pytest.mark.slow

SPEC = Spec(
    family="llama",
    n_layers=1,
    d_model=16,
    n_heads=2,
    n_kv_heads=1,
    head_dim=8,
    d_ff=24,
    vocab_size=32,
    max_positions=8,
    norm="rms",
    norm_eps=1e-5,
    activation="silu",
    positions="rope",
    rope_theta=10_000.0,
    tied=True,
)
RUN = training.Training(steps=9, second_steps=5, batch_size=2, warmup_steps=2, seed=3)
STREAM = np.random.default_rng(0).integers(1, SPEC.vocab_size, 120).astype(np.int32)


class KilledError(Exception):
    pass


def leaves(params):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(params)]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    losses = []
    file = tmp_path_factory.mktemp("whole") / "state.safetensors"
    params = training.train(SPEC, RUN, STREAM, file, report=lambda _, loss: losses.append(loss))
    return leaves(params), losses


def killed_at(step, file):
    def report(reached, _):
        if reached == step:
            raise KilledError

    with pytest.raises(KilledError):
        training.train(SPEC, RUN, STREAM, file, save_every=3, report=report)


def test_a_killed_run_ends_with_the_same_weights(uninterrupted, tmp_path):
    file = tmp_path / "state.safetensors"
    steps = []
    killed_at(8, file)
    (tmp_path / "state.safetensors.partial").write_bytes(b"half a file")
    killed_at(11, file)
    resumed = training.train(SPEC, RUN, STREAM, file, save_every=3, report=lambda step, _: steps.append(step))
    assert steps == [10, 11, 12, 13, 14]
    for found, expected in zip(leaves(resumed), uninterrupted[0], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_another_seed_gives_other_weights(uninterrupted, tmp_path):
    other = training.train(SPEC, replace(RUN, seed=4), STREAM, tmp_path / "state.safetensors")
    assert any((a != b).any() for a, b in zip(leaves(other), uninterrupted[0], strict=True))


def test_training_on_a_repeating_text_lowers_the_loss(tmp_path):
    losses = []
    stream = np.tile(np.arange(1, 9, dtype=np.int32), 20)
    run = replace(RUN, steps=150, second_steps=50)
    training.train(SPEC, run, stream, tmp_path / "s.safetensors", report=lambda _, loss: losses.append(loss))
    assert losses[-1] < 0.5 * losses[0]


def test_a_state_of_other_arguments_is_refused(tmp_path):
    file = tmp_path / "state.safetensors"
    killed_at(4, file)
    with pytest.raises(ValueError, match="other arguments"):
        training.train(SPEC, replace(RUN, learning_rate=0.1), STREAM, file)


def test_an_epoch_visits_each_window_once_and_resumes_anywhere():
    per_epoch = (len(STREAM) - SPEC.max_positions - 1) // SPEC.max_positions // RUN.batch_size
    batches = training.windows(STREAM, SPEC.max_positions, RUN.batch_size, seed=0, step=0)
    seen = [next(batches) for _ in range(2 * per_epoch + 1)]
    for inputs, targets in seen:
        assert (inputs[:, 0] == STREAM[0]).all()
        np.testing.assert_array_equal(inputs[:, 1:], targets[:, :-1])
    rows = [tuple(row) for _, targets in seen[:per_epoch] for row in targets.tolist()]
    assert len(set(rows)) == per_epoch * RUN.batch_size
    for step in range(2 * per_epoch):
        again = next(training.windows(STREAM, SPEC.max_positions, RUN.batch_size, seed=0, step=step))
        np.testing.assert_array_equal(again, seen[step])


def test_too_little_text_is_refused():
    with pytest.raises(ValueError, match="needs more text"):
        next(training.windows(STREAM[:20], SPEC.max_positions, RUN.batch_size, seed=0, step=0))


@pytest.mark.parametrize("tied", [True, False])
def test_the_saved_checkpoint_reads_back_as_bfloat16_rounded_weights(tied, tmp_path):
    spec = replace(SPEC, tied=tied)
    params = training.initial_state(spec, RUN).params
    save_llama(spec, params, tmp_path, bos=0)
    found_spec, found = read_checkpoint(tmp_path)
    assert found_spec == spec
    rounded = jax.tree.map(lambda x: x.astype("bfloat16").astype("float32"), params)
    assert jax.tree.structure(found) == jax.tree.structure(rounded)
    for a, b in zip(leaves(found), leaves(rounded), strict=True):
        np.testing.assert_array_equal(a, b)
