"""`steerlaw sweep --observe self-cross-entropy`: a divergence on its own distributions, with its law."""

import numpy as np
import pytest

from real_models import load_model, load_vector
from steerlaw.__main__ import main
from steerlaw.inputs.observation_file import load_observations
from steerlaw.results.judging import judged
from sweep_arguments import SEGMENT_TOKENS, arguments
from theory.catalogue import find_law
from tiny_checkpoint import BOS, DOCUMENTS, LAYER, tiny_checkpoint

pytestmark = pytest.mark.slow


def test_it_is_kept_as_the_model_has_it_and_predicted_from_its_own_distributions(tmp_path):
    files, out = tiny_checkpoint(tmp_path), tmp_path / "own.nc"
    assert main(arguments(files, out, "self-cross-entropy")) == 0
    (found,) = load_observations(out)
    assert found.sweep.attributes["data"] == "own"
    model, vector = load_model(files.model, dtype="float64"), load_vector(files.vector)[LAYER]
    ids = [token for document in DOCUMENTS[:1] for token in document]
    segment = [BOS, *ids][:SEGMENT_TOKENS]
    expected = np.asarray(model.cross_entropy([segment], found.sweep.strengths, layer=LAYER, vector=vector, own=True))
    values, halfwidth, _ = found.sweep.cross_entropy()
    off = np.abs(values.isel(segment=0).transpose("strength").to_numpy() - expected[:, 0])
    assert (off <= halfwidth.to_numpy()).all()
    mean = values.mean("segment").to_numpy()
    assert mean.min() >= mean[found.sweep.strengths == 0][0] - 2 * float(halfwidth.max())
    assert found.baseline is not None
    assert found.baseline.data is None
    law = find_law("cross_entropy_exact")
    (outcome, *_) = [one.finding.worst for one in judged(found, [law], None)]
    assert outcome.verdict in ("holds", "departs", "undecided")
