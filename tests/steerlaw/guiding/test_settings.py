"""Settings to paste do in other programs what they say: run as they stand where the program is installed."""

import json

import numpy as np
import pytest

from real_models import load_model, write_vectors
from steerlaw.guiding.settings import settings
from tiny_checkpoint import tiny_checkpoint

LAYER, STRENGTH, PROMPT = 1, 0.7, [0, 3, 1, 4]


@pytest.fixture(scope="module")
def steered(tmp_path_factory):
    """A model, the texts of its settings, and its logits when it is steered by them."""
    home = tmp_path_factory.mktemp("home with 'quotes'")
    checkpoint = tiny_checkpoint(home).model
    vectors = {LAYER: np.random.default_rng(0).normal(size=8).astype(np.float32)}
    for name in ("v.safetensors", "v.gguf"):
        write_vectors(home / name, vectors, {"model_hint": "llama"})
    texts = settings(safetensors=home / "v.safetensors", gguf=home / "v.gguf", layer=LAYER, strength=STRENGTH)
    logits = load_model(checkpoint).logits(PROMPT, [STRENGTH], layer=LAYER, vector=vectors[LAYER])[0]
    return checkpoint, texts, np.asarray(logits)


def theirs(checkpoint, text, name):
    """The last logits of the model after the text has been run as a program."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    scope = {"model": model}
    exec(compile(text, name, "exec"), scope)
    with torch.no_grad():
        return scope.get("steered", model)(torch.tensor([PROMPT])).logits[0, -1].numpy()


@pytest.mark.slow
def test_the_hook_of_transformers(steered):
    checkpoint, texts, expected = steered
    np.testing.assert_allclose(theirs(checkpoint, texts["transformers"], "hook"), expected, atol=1e-4)


@pytest.mark.slow
def test_repeng(steered, monkeypatch):
    monkeypatch.setattr(np, "float_", np.float64, raising=False)  # repeng 0.4 names it in an annotation
    pytest.importorskip("repeng")
    checkpoint, texts, expected = steered
    np.testing.assert_allclose(theirs(checkpoint, texts["repeng"], "repeng"), expected, atol=1e-4)


def test_programs_that_read_gguf_are_left_out_without_one(tmp_path):
    found = settings(safetensors=tmp_path / "v.safetensors", gguf=None, layer=0, strength=1.0)
    assert list(found) == ["transformers"]
    compile(found["transformers"], "hook", "exec")


def test_every_text_names_its_file_block_and_strength(tmp_path):
    odd = tmp_path / 'it\'s "here"'
    texts = settings(safetensors=odd / "v.safetensors", gguf=odd / "v.gguf", layer=12, strength=1.25)
    for name, text in texts.items():
        assert "12" in text
        assert "1.25" in text
        if name != "llama.cpp":
            compile(text, name, "exec")
            assert repr(str(odd / "v")).removesuffix("'").removesuffix('"') in text or json.dumps(str(odd)) in text
