"""What tests share: a small decoder, and one small run of the main job with what it writes."""

import pytest


@pytest.fixture(scope="session")
def small_spec():
    """A Llama of two blocks that runs in no time."""
    from real_models import Spec

    return Spec(
        family="llama",
        n_layers=2,
        d_model=16,
        n_heads=2,
        n_kv_heads=1,
        head_dim=8,
        d_ff=24,
        vocab_size=40,
        max_positions=32,
        norm="rms",
        norm_eps=1e-5,
        activation="silu",
        positions="rope",
        tied=True,
    )


@pytest.fixture(scope="session")
def report():
    from steerlaw import verify
    from toy_models import stdlib_gpt

    negative, positive = stdlib_gpt.contexts(stdlib_gpt.CONCEPTS[0])
    with pytest.MonkeyPatch.context() as patch:  # a tenth of the sweeps, and nothing of its own
        patch.setattr(stdlib_gpt, "CONCEPTS", stdlib_gpt.CONCEPTS[:1])
        patch.setattr(stdlib_gpt, "contexts", lambda concept: (negative[:3], positive[:1]))
        return verify(strengths="-4:4:17", directions=2, reported=True)


@pytest.fixture(scope="session")
def written(report, tmp_path_factory):
    directory = tmp_path_factory.mktemp("report")
    report.write(directory)
    return directory
