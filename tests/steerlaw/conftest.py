"""One small run of the main job, shared by the tests of what it produces."""

import pytest


@pytest.fixture(scope="session")
def report():
    from steerlaw import verify
    from toy_models import stdlib_gpt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stdlib_gpt, "CONCEPTS", stdlib_gpt.CONCEPTS[:1])  # half the sweeps, and nothing of its own
        return verify(strengths="-4:4:17")


@pytest.fixture(scope="session")
def written(report, tmp_path_factory):
    directory = tmp_path_factory.mktemp("report")
    report.write(directory)
    return directory
