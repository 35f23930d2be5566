"""A model over four simulated devices against the same model on one, in a process of its own."""

import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import jax
import pytest

from real_models import shard_model

pytestmark = pytest.mark.slow

SCRIPT = """
import sys
import jax
import numpy as np
from real_models import load_model, shard_model

assert len(jax.devices()) == 4
one = load_model(sys.argv[1])
v = np.random.default_rng(0).normal(size=(2, one.d_model))
strengths = np.linspace(-3, 3, 5)
spread = shard_model(one, jax.make_mesh((2, 2), ("strengths", "tensor")))
up = spread.params["blocks"][0]["up"]["weight"]
assert up.addressable_shards[0].data.shape == (one.d_model, one.spec.d_ff // 2)
calls = [
    lambda m: m.logits([3, 1, 4], strengths, layer=1, vector=v[0]),
    lambda m: m.derivative([3, 1, 4], strengths, layer=1, vector=v[0]),
    lambda m: m.derivatives([3, 1, 4], strengths, 2, layer=1, vector=v[0]),
    lambda m: m.logits_each([3, 1, 4], strengths, layer=1, vectors=v, positions="last"),
    lambda m: m.cross_entropy([[3, 1, 4], [1, 5, 9]], strengths, layer=1, vector=v[0]),
]
for call in calls:
    ours, expected = np.asarray(call(spread)), np.asarray(call(one))
    assert np.abs(ours - expected).max() <= 1e-6 * np.abs(expected).max()
print("agreed")
"""


def test_four_devices(checkpoint):
    """Qwen 2.5 has all that is split: grouped heads, biases, a gate."""
    directory = checkpoint("qwen2")
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-c", SCRIPT, str(directory)]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "agreed\n", done.stderr


def test_what_cannot_be_split(models):
    three: Any = types.SimpleNamespace(axis_names=("strengths", "tensor"), shape={"strengths": 1, "tensor": 3})
    with pytest.raises(ValueError, match="has 2 key-value heads, which 3 devices cannot share evenly"):
        shard_model(models("llama"), three)
    with pytest.raises(ValueError, match=r"the mesh has axes \('x',\), expected 'strengths' and 'tensor'"):
        shard_model(models("llama"), jax.make_mesh((1,), ("x",)))
