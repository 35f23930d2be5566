"""One small run of the main job, shared by the tests of what it produces."""

import pytest


@pytest.fixture(scope="session")
def report():
    from steerlaw import verify
    from toy_models import stdlib_gpt

    negative, positive = stdlib_gpt.contexts(stdlib_gpt.CONCEPTS[0])
    with pytest.MonkeyPatch.context() as patch:  # a tenth of the sweeps, and nothing of its own
        patch.setattr(stdlib_gpt, "CONCEPTS", stdlib_gpt.CONCEPTS[:1])
        patch.setattr(stdlib_gpt, "contexts", lambda concept: (negative[:3], positive[:1]))
        return verify(strengths="-4:4:17")


@pytest.fixture(scope="session")
def written(report, tmp_path_factory):
    directory = tmp_path_factory.mktemp("report")
    report.write(directory)
    return directory
