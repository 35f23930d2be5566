"""Files of bad intent or bad luck: one line that names the file, before anything is allocated or followed."""

import copy
import json
import struct
import tracemalloc

import pytest
from safetensors.numpy import load_file, save_file

from checkpoint_variants import BASES
from real_models import load_model, read_checkpoint
from real_models.checkpoints.families import FAMILIES, family_of

pytestmark = pytest.mark.slow

ODD = [None, True, -1, 0, 10**9, 2**62, 10**400, 0.5, float("nan"), float("inf"), "", "x" * 10_000, "\0", [], {}]
ODD += [
    [[]],
    [None] * 3,
    {"full_attention": 3},
    {"rope_type": []},
    {"rope_type": "linear", "factor": "8"},
    {"type": {}},
]
MORE = ("rope_scaling", "rope_parameters", "layer_types", "quantization_config", "is_causal", "tie_word_embeddings")
MORE += ("text_config", "model_type", "use_sliding_window", "attention_bias", "partial_rotary_factor", "n_inner")


def refusal(call):
    """What a call says when it refuses, or nothing."""
    try:
        call()
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("family", FAMILIES)
def test_any_value_of_any_field(family):
    """A spec, of a size that is believed, or a line that says which field is wrong."""
    base = BASES[family]
    keys = {*base, *base.get("text_config", {}), *FAMILIES[family].defaults, *FAMILIES[family].aliases, *MORE}
    said = 0
    for key in sorted(keys):
        for value in ODD:
            config = copy.deepcopy(base)
            (config["text_config"] if "text_config" in base and key not in base else config)[key] = value

            def specify(config=config):
                kind, fields = family_of(config)
                spec = kind.spec(fields)
                assert spec.n_layers <= 10_000
                assert len(spec.local) <= spec.n_layers

            message = refusal(specify)
            assert "\n" not in message
            assert len(message) < 300
            said += bool(message)
    assert said > 100


def test_a_billion_blocks_take_no_memory(checkpoint):
    tracemalloc.start()
    for change in ({"num_hidden_layers": 10**9}, {"num_hidden_layers": 9999}, {"hidden_size": 2**40}):
        directory = checkpoint("mistral")
        config = json.loads((directory / "config.json").read_text()) | change
        (directory / "config.json").write_text(json.dumps(config))
        assert str(directory) in refusal(lambda directory=directory: read_checkpoint(directory))
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    "name",
    ["../model.safetensors", "/etc/passwd", "sub/x.safetensors", "..", "", "x.bin", "a\0.safetensors", 3, None, []],
)
def test_shards_stay_in_their_directory(checkpoint, name):
    directory = checkpoint("llama")
    tensors = load_file(directory / "model.safetensors")
    (directory / "model.safetensors").rename(directory.parent / "model.safetensors")
    index = {"weight_map": dict.fromkeys(tensors, name)}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    message = refusal(lambda: read_checkpoint(directory))
    assert "index.json lists" in message
    assert "expected the name of a .safetensors file beside it" in message


@pytest.mark.parametrize("file", ["config.json", "model.safetensors.index.json", "tokenizer.json", "added_tokens.json"])
@pytest.mark.parametrize("content", ["[" * 100_000, "3", "", '{"a": 1' + "0" * 10_000 + "}", "\ufeff[]", "null"])
def test_other_than_an_object(checkpoint, file, content):
    directory = checkpoint("llama")
    if file == "added_tokens.json":
        (directory / "tokenizer.json").write_text('{"model": {"type": "BPE", "vocab": {}, "merges": []}}')
    if "index" in file:
        (directory / "model.safetensors").unlink()
    (directory / file).write_text(content)
    message = refusal(lambda: load_model(directory))
    assert message.startswith(str(directory / file))
    assert len(message) < len(str(directory)) + 250


@pytest.mark.parametrize(
    "header", [b"", b"{", b"[" * 10_000, b'{"a": {"dtype": "F32", "shape": [99], "data_offsets": [0, 396]}}']
)
@pytest.mark.parametrize("declared", [None, 2**63, 10**8])
def test_headers_that_lie(checkpoint, header, declared):
    """What a header declares is held against the file's own size."""
    directory = checkpoint("gpt2")
    length = struct.pack("<Q", len(header) if declared is None else declared)
    (directory / "model.safetensors").write_bytes(length + header)
    assert "model.safetensors is not a readable safetensors file: " in refusal(lambda: read_checkpoint(directory))


def test_one_tensor_in_two_shards(checkpoint):
    """Alike, it is read; else where the index says, if transformers reads it there, too."""
    directory = checkpoint("llama")
    tensors = load_file(directory / "model.safetensors")
    (directory / "model.safetensors").unlink()
    name = "model.norm.weight"

    def write(first, second, listed):
        for file, extra in (("a.safetensors", first), ("b.safetensors", second)):
            kept = {key: value for key, value in tensors.items() if ("layers" in key) == (file[0] == "a")}
            save_file(kept | {name: extra * tensors[name]}, directory / file)
        places = {key: f"{'a' if 'layers' in key else 'b'}.safetensors" for key in tensors} | {
            name: f"{listed}.safetensors"
        }
        (directory / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))

    write(1, 1, "a")
    assert (read_checkpoint(directory)[1]["final_norm"]["weight"] == tensors[name]).all()
    write(2, 1, "b")
    assert (read_checkpoint(directory)[1]["final_norm"]["weight"] == tensors[name]).all()
    write(1, 2, "a")
    with pytest.raises(ValueError, match=r"'model.norm.weight' differs between a.safetensors and b.safetensors"):
        read_checkpoint(directory)
