"""Reading checkpoints: layouts, dtypes, config forms, and one clear line for whatever is wrong."""

import json
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from real_models import load_model, read_checkpoint

FAMILIES = ["llama", "gemma3", "gpt2"]


def logits(model):
    return np.asarray(model.position_logits([3, 1, 4, 1, 5]))


def write_shards(directory, tensors, count):
    """The tensors in turn over so many files, and their index."""
    weight_map = {name: f"model-{i % count}.safetensors" for i, name in enumerate(tensors)}
    for shard in set(weight_map.values()):
        save_file({name: tensors[name] for name in tensors if weight_map[name] == shard}, directory / shard)
    (directory / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_names_without_prefix_and_with_buffers(checkpoint, weights_of, configs, family):
    """Hub files of GPT-2 lack the prefix and carry causal masks; old Llama files carry rotary frequencies."""
    tensors = weights_of(configs[family])
    bare = {name.removeprefix("model.").removeprefix("transformer."): value for name, value in tensors.items()}
    buffers = {
        "gpt2": {"h.0.attn.bias": np.ones((1, 1, 44, 44), np.uint8), "h.2.attn.masked_bias": np.zeros(1, np.float32)},
        "llama": {"layers.1.self_attn.rotary_emb.inv_freq": np.ones(5, np.float32)},
    }
    expected = logits(load_model(str(checkpoint(family))))
    assert (logits(load_model(str(checkpoint(family, tensors=bare | buffers[family])))) == expected).all()


@pytest.mark.parametrize("prefix", ["language_model.model.", "model.language_model."])
def test_the_text_tower_of_a_multimodal_model(checkpoint, weights_of, configs, prefix):
    """In the files of transformers 4 and of 5 it is the text model under its own type; the vision tower is left out."""
    tensors = weights_of(configs["gemma3_text"])
    renamed = {prefix + name.removeprefix("model."): value for name, value in tensors.items()}
    expected = logits(load_model(str(checkpoint("gemma3_text", tensors=tensors))))
    vision = {"vision_tower.patch.weight": np.ones(3, np.float32), "multi_modal_projector.w": np.ones(2, np.float32)}
    if prefix.startswith("model."):
        vision = {f"model.{name}": value for name, value in vision.items()}
    head = {"language_model.lm_head.weight": tensors["model.embed_tokens.weight"]}
    for more in (vision, vision | head):
        assert (logits(load_model(str(checkpoint("gemma3", tensors=renamed | more)))) == expected).all()
    with pytest.raises(
        ValueError, match=r"has weights that are no part of the gemma3_text model .*: audio_tower.weight$"
    ):
        load_model(str(checkpoint("gemma3", tensors=renamed | {"audio_tower.weight": np.ones(2, np.float32)})))


@pytest.mark.parametrize("family", FAMILIES)
def test_shards_give_the_same_parameters(checkpoint, weights_of, configs, family):
    whole, sharded = checkpoint(family), checkpoint(family)
    (sharded / "model.safetensors").unlink()
    write_shards(sharded, weights_of(configs[family]), 3)
    assert (logits(load_model(str(sharded))) == logits(load_model(str(whole)))).all()

    (sharded / "model-1.safetensors").unlink()
    with pytest.raises(ValueError, match=r"index.json lists model-1.safetensors, which is not in"):
        load_model(str(sharded))


@pytest.mark.parametrize("stored", [ml_dtypes.bfloat16, np.float16, np.float64])
def test_stored_dtypes(checkpoint, weights_of, configs, stored):
    """A narrower file gives exactly the model of its rounded weights, in every compute dtype."""
    rounded = {name: value.astype(stored) for name, value in weights_of(configs["llama"]).items()}
    widened = {name: value.astype(np.float32) for name, value in rounded.items()}
    ours, expected = (load_model(str(checkpoint("llama", tensors=tensors))) for tensors in (rounded, widened))
    assert (logits(ours) == logits(expected)).all()
    assert ours.params["embed"].dtype == np.float32


LARGE = {
    "llama": {"vocab_size": 4096, "hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 4},
    "gpt2": {"vocab_size": 8192, "n_embd": 510, "n_inner": 2040},
}
MEASURE = """
import ctypes, gc, json, sys
from pathlib import Path
import jax
from real_models import read_checkpoint

def resident(name):
    return 1024 * int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0])

read_checkpoint(sys.argv[1])  # starts JAX
for dtype, directory in json.loads(sys.argv[2]):
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = resident("VmRSS")
    params = jax.block_until_ready(read_checkpoint(directory, dtype)[1])
    print(resident("VmHWM") - before, sum(leaf.nbytes for leaf in jax.tree.leaves(params)))
    del params
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("family", LARGE)
def test_peak_memory(checkpoint, weights_of, configs, family):
    """Beside the weights, in the compute dtype, no more than one stored tensor, which is mapped while it is read.

    8 MB are for the slabs it is converted in, and for what Python, JAX and the C library keep: a tenth of the weights.
    """
    tensors = weights_of(config := configs[family] | LARGE[family])
    cases, largest = [], []
    for stored, dtype in ((np.float32, "float32"), (ml_dtypes.bfloat16, "float32"), (np.float32, "bfloat16")):
        written = {name: value.astype(stored) for name, value in tensors.items()}
        single, sharded = (checkpoint(config, tensors=written) for _ in range(2))
        (sharded / "model.safetensors").unlink()
        write_shards(sharded, written, 4)
        cases += [(dtype, str(single)), (dtype, str(sharded))]
        largest += 2 * [max(value.nbytes for value in written.values())]
    command = [sys.executable, "-c", MEASURE, str(checkpoint(family)), json.dumps(cases)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == len(cases) == 6
    for line, case, tensor in zip(lines, cases, largest, strict=True):
        peak, weights = map(int, line.split())
        assert weights > 25e6
        assert 0.9 * weights < peak <= weights + tensor + 8e6, f"{case}: {peak / 1e6:.0f} of {weights / 1e6:.0f} MB"


@pytest.mark.parametrize("family", FAMILIES)
def test_compute_dtypes(models, family):
    """float64 agrees with float32 to float32's rounding, bfloat16 to its own: 8 bits, through three blocks."""
    wide, single, half = (models(family, dtype) for dtype in ("float64", "float32", "bfloat16"))
    scale = np.abs(logits(wide)).max()
    assert logits(wide).dtype == np.float64
    assert logits(single).dtype == logits(half).dtype == np.float32
    assert half.params["embed"].dtype == ml_dtypes.bfloat16
    assert 0 < np.abs(logits(single) - logits(wide)).max() <= 1e-5 * scale
    assert 0 < np.abs(logits(half) - logits(wide)).max() <= 0.06 * scale


def test_tied_weights_may_be_stored_under_either_name_or_both(checkpoint, weights_of, configs, caplog):
    """A tied checkpoint whose two matrices differ is not tied, whatever its config says, and that is logged."""
    change = {"tie_word_embeddings": True}
    tensors = weights_of(configs["llama"] | change)
    rest, table = {n: t for n, t in tensors.items() if "embed" not in n}, tensors["model.embed_tokens.weight"]
    files = [tensors, tensors | {"lm_head.weight": table}, rest | {"lm_head.weight": table}]
    models = [load_model(str(checkpoint("llama", change=change, tensors=t))) for t in files]
    assert all(model.spec.tied and "unembed" not in model.params for model in models)
    assert all((logits(model) == logits(models[0])).all() for model in models)
    assert caplog.messages == []
    apart = load_model(str(checkpoint("llama", change=change, tensors=tensors | {"lm_head.weight": -table})))
    assert (logits(apart) == -logits(models[0])).all()
    assert [message.split(": ")[1] for message in caplog.messages] == [
        "lm_head.weight is stored and is not the embedding, so the two are not tied"
    ]


@pytest.mark.parametrize(
    ("family", "change", "message"),
    [
        (
            "llama",
            {"model_type": "mamba"},
            r"model_type is 'mamba', expected one of \['gemma3', 'gemma3_text', 'gpt2', ",
        ),
        ("llama", {"model_type": None}, r"model_type is None, expected one of"),
        ("llama", {"quantization_config": {"bits": 4}}, "quantised checkpoints are not supported"),
        ("llama", {"rope_parameters": {"rope_type": "yarn", "factor": 4.0}}, "unsupported rope type 'yarn'"),
        ("llama", {"rope_parameters": {"partial_rotary_factor": 0.5}}, "partial_rotary_factor is not 1"),
        ("llama", {"hidden_act": "relu"}, "hidden_act is 'relu', expected one of"),
        ("llama", {"hidden_size": "24"}, "hidden_size is '24', expected a positive integer"),
        ("llama", {"hidden_size": None}, "hidden_size is None, expected a positive integer"),
        ("llama", {"num_key_value_heads": 3}, "4 query heads cannot share 3 key-value heads"),
        ("llama", {"head_dim": 5}, "head_dim is 5, expected an even number"),
        ("llama", {"rms_norm_eps": 0}, "rms_norm_eps is 0, expected a positive number"),
        ("gpt2", {"n_head": 5}, "n_embd 24 is not divisible by n_head 5"),
        ("gpt2", {"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx is True, expected False"),
        ("gpt2", {"vocab_size": 54}, r"wte.weight has shape \[53, 24\], expected \[54, 24\]"),
        ("gpt2", {"n_layer": 4}, "lacks weights: h.3.attn.c_attn.bias, .* and 9 more"),
        ("gpt2", {"n_layer": 2}, "no part of the gpt2 model .*: transformer.h.2.attn.c_attn.bias, .* and 9 more"),
        ("llama", {"tie_word_embeddings": True, "vocab_size": 60}, "(embed_tokens|lm_head).weight has shape"),
    ],
)
def test_unsupported_or_inconsistent(checkpoint, weights_of, configs, family, change, message):
    directory = checkpoint(family, change=change, tensors=weights_of(configs[family]))
    with pytest.raises(ValueError, match=message) as error:
        read_checkpoint(directory)
    assert str(directory) in str(error.value)
    assert "\n" not in str(error.value)


def test_an_untied_model_needs_its_unembedding(checkpoint):
    directory = checkpoint("llama")
    tensors = load_file(directory / "model.safetensors")
    del tensors["lm_head.weight"]
    with pytest.raises(ValueError, match=r"lacks weights: lm_head.weight$"):
        read_checkpoint(checkpoint("llama", tensors=tensors))


def test_integer_weights_are_refused(checkpoint, weights_of, configs):
    tensors = weights_of(configs["gpt2"]) | {"transformer.ln_f.bias": np.zeros(24, np.int8)}
    with pytest.raises(ValueError, match=r"ln_f.bias is stored as I8, expected one of"):
        read_checkpoint(checkpoint("gpt2", tensors=tensors))


def test_no_checkpoint(tmp_path, checkpoint):
    with pytest.raises(ValueError, match=r"is no checkpoint: it has no config.json"):
        load_model(str(tmp_path))
    with pytest.raises(ValueError, match="no such checkpoint directory"):
        load_model(str(tmp_path / "absent"))
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file, expected a checkpoint directory"):
        load_model(str(tmp_path / "file"))

    directory = checkpoint("gpt2")
    (directory / "model.safetensors").write_bytes(b"not at all" * 3)
    with pytest.raises(ValueError, match="is not a readable safetensors file"):
        load_model(str(directory))
    (directory / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"has no model.safetensors and no model.safetensors.index.json$"):
        load_model(str(directory))
    (directory / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ValueError, match=r"pytorch_model.bin is pickled, which is never read; convert it"):
        load_model(str(directory))
    (directory / "model.safetensors.index.json").write_text("[1]")
    with pytest.raises(ValueError, match="expected a JSON object, got list"):
        load_model(str(directory))
    (directory / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config.json: not valid JSON"):
        load_model(str(directory))


def test_dtype_is_checked(checkpoint):
    with pytest.raises(ValueError, match=r"unknown dtype 'float16', expected one of"):
        load_model(str(checkpoint("gpt2")), dtype="float16")


def test_tokenizer_and_its_own_rule(checkpoint):
    """A string is encoded by tokenizer.json, whose post-processor says whether a beginning-of-text token is added."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    directory = checkpoint("llama")
    tokenizer = Tokenizer(models.WordLevel({"<s>": 1, "a": 5, "b": 7, "<unk>": 0}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.enable_padding(length=9)
    tokenizer.enable_truncation(2)
    tokenizer.save(str(directory / "tokenizer.json"))
    model = load_model(str(directory))
    assert model.encode("a b b") == [1, 5, 7, 7]
    assert (model.residual("a b", 1) == model.residual([1, 5, 7], 1)).all()

    (directory / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match=r"tokenizer.json is not a readable tokenizer"):
        load_model(str(directory))
    with pytest.raises(ValueError, match=r"has no tokenizer.json: give the prompt as a list of token ids"):
        load_model(str(checkpoint("llama"))).encode("a")
