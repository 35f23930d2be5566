"""Whatever the config and the files look like: the logits of transformers, or a refusal of one line."""

import contextlib
import json
import logging
import os
import random
import shutil

import jax
import numpy as np
import pytest

from checkpoint_variants import BASES, CONFIG_CHANGES, vary, write_weights
from real_models import read_checkpoint
from real_models.checkpoints.families import FAMILIES, family_of
from real_models.decoding import decoder

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

EXAMPLES = 200 if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else len(CONFIG_CHANGES)
"""Variants of each family: every change of the config alone, then some together."""
TOKENS = np.random.default_rng(0).integers(0, 31, (1, 20))


def test_every_family_is_varied():
    assert set(BASES) == set(FAMILIES)


@pytest.fixture(autouse=True)
def quiet():
    transformers.logging.set_verbosity(logging.CRITICAL)
    transformers.logging.disable_progress_bar()


@pytest.mark.parametrize("family", FAMILIES)
def test_agree_or_refuse(family, tmp_path):
    read = 0
    for seed in range(EXAMPLES):
        directory = tmp_path / "checkpoint"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        only = CONFIG_CHANGES[seed] if seed < len(CONFIG_CHANGES) else None
        read += agrees(family, directory, random.Random(f"{family} {seed}"), f"{family} {seed}", only)
    assert read >= EXAMPLES // 4


def agrees(family, directory, rng, name, only=None):
    """Whether a variant was read; an error unless it was read as transformers reads it, or refused properly."""
    v = vary(family, rng, only)
    (directory / "config.json").write_text(json.dumps(v.config))
    theirs = oracle(v, directory)
    try:
        spec, params = read_checkpoint(directory)
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert "\n" not in refusal
        assert len(refusal) < 600
        assert theirs is None or v.refusable, f"{name} {v.changes}: {refusal}"
        return False
    assert theirs is not None, f"{name} {v.changes}: transformers does not read it, we do"
    with jax.default_matmul_precision("highest"):
        ours = np.asarray(decoder.forward(spec, params, jax.numpy.asarray(TOKENS)))
    difference, scale = np.abs(ours - theirs).max(), np.abs(theirs).max()
    assert difference <= 2e-5 * scale, f"{name} {v.changes}: {difference:.2g} at {scale:.2g}"
    return True


def oracle(v, directory):
    """Logits of the variant, whose weights are written, those of a model of that config; None if there are none."""
    prefixed = {}
    try:
        config = transformers.AutoConfig.from_pretrained(directory)
        config._attn_implementation = "eager"
        model = transformers.AutoModelForCausalLM.from_config(config)
        draw = np.random.default_rng(v.rng.randrange(2**32))
        for name, value in model.state_dict().items():
            scale = "norm" in name or ".ln_" in name
            prefixed[name] = (draw.normal(0, 0.4, value.shape) + scale).astype(np.float32)
    except Exception:  # whatever stands in its way
        prefixed = {"model.embed_tokens.weight": np.ones((31, 16), np.float32), "lm_head.weight": np.ones((31, 16))}
        model = None
    head = "lm_head.weight"
    embed = next(name for name in prefixed if name.endswith(("wte.weight", "embed_tokens.weight")))
    if model is not None and model.config.get_text_config().tie_word_embeddings:
        prefixed.pop(head, None)
    write_weights(v, directory, prefixed, head, embed)
    if model is None:
        return None
    plain = directory
    if "prefix" in v.changes:  # which transformers does not know
        plain = directory.with_name("plain")
        strip_prefix(directory, plain)
    with unread(v), torch.no_grad():
        loaded, info = transformers.AutoModelForCausalLM.from_pretrained(
            plain, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
        )
        if not info["missing_keys"] and not info["mismatched_keys"]:
            return loaded.eval()(input_ids=torch.tensor(TOKENS), use_cache=False).logits.numpy()
    return None


@contextlib.contextmanager
def unread(v):
    """Whatever stands in the way of transformers is kept, to be told."""
    try:
        yield
    except Exception as error:
        v.changes.append(f"transformers: {type(error).__name__} {str(error)[:300]}")


def strip_prefix(directory, plain):
    """The same files with names as they were before the model was compiled."""
    from safetensors.numpy import load_file, save_file

    shutil.rmtree(plain, ignore_errors=True)
    shutil.copytree(directory, plain)
    for file in plain.glob("*.safetensors"):
        save_file({name.removeprefix("_orig_mod."): value for name, value in load_file(file).items()}, file)
    for file in plain.glob("*.index.json"):
        file.write_text(file.read_text().replace("_orig_mod.", ""))


@pytest.mark.parametrize("family", FAMILIES)
def test_defaults(family):
    """A config that says nothing but its family asks for the tensors that transformers would make for it."""
    config = {"model_type": family} | ({"text_config": {}} if family == "gemma3" else {})
    ours, fields = family_of(config)
    spec = ours.spec(fields)
    theirs = transformers.AutoConfig.for_model(family)
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(theirs)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items() if "vision" not in name}
    text = theirs.get_text_config()
    expected = {tensor.name: tensor.shape for tensor in ours.tensors(fields, spec)}
    inner = {
        name.split(model.base_model_prefix + ".")[-1].removeprefix("language_model."): s for name, s in shapes.items()
    }
    if spec.tied:
        inner.pop("lm_head.weight")
    assert {name: shape for name, shape in inner.items() if "projector" not in name} == expected
    assert spec.max_positions == text.max_position_embeddings
    assert spec.norm_eps == getattr(text, "rms_norm_eps", None) or text.layer_norm_epsilon
