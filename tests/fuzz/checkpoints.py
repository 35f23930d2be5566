"""Valid checkpoint directories of every family, in one file or in shards, with every file a tokenizer may have."""

import json
import random
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from checkpoint_variants import BASES
from fuzz.reader import Reader
from real_models import load_model
from real_models.checkpoints.families import family_of
from real_models.checkpoints.tokenizer import read_chat_template, read_tokenizer
from real_models.texts.encoding import encode


def checkpoint(directory: Path, rng: random.Random) -> Path:
    """A tiny model with random weights, and a tokenizer; of one block, so that reading takes milliseconds."""
    config = json.loads(json.dumps(BASES[rng.choice(sorted(BASES))]))
    fields = config.get("text_config", config)
    fields |= {"num_hidden_layers": 1, "torch_dtype": "float32", "rope_scaling": None}
    draw = np.random.default_rng(rng.randrange(2**32))
    family, full = family_of(config)
    prefix = {"gpt2": "transformer.", "gemma3": "language_model.model."}.get(config["model_type"], "model.")
    tensors = {
        tensor.name if tensor.name == "lm_head.weight" else prefix + tensor.name: draw.normal(size=tensor.shape).astype(
            rng.choice([np.float32, np.float16])
        )
        for tensor in family.tensors(full, family.spec(full))
    }
    (directory / "config.json").write_text(json.dumps(config))
    write_tokenizer(directory, rng)
    if rng.random() < 0.5:
        save_file(tensors, directory / "model.safetensors")
        return directory
    shards = {name: f"model-{i % 2}.safetensors" for i, name in enumerate(tensors)}
    for file in set(shards.values()):
        save_file({name: tensors[name] for name in tensors if shards[name] == file}, directory / file)
    index = {"metadata": {"total_size": 1}, "weight_map": shards}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    return directory


def write_tokenizer(directory: Path, rng: random.Random) -> None:
    """A tokenizer of bytes, or of words, and whatever stands beside it."""
    if rng.random() < 0.5:
        tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "a": 1, "b": 2}, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    else:
        vocabulary = {letter: i for i, letter in enumerate(["a", "b", "ab", "Ġ"])}
        tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b")]))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["<s>"])
    begin = ("<s>", tokenizer.token_to_id("<s>"))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[begin])
    tokenizer.enable_padding(length=4)
    tokenizer.save(str(directory / "tokenizer.json"))
    token = {"content": "<x>", "lstrip": True, "rstrip": False, "normalized": False, "special": True}
    config = {"bos_token": "<s>", "pad_token": token | {"__type": "AddedToken"}, "add_prefix_space": True}
    config |= {"tokenizer_class": rng.choice(["GPT2Tokenizer", "PreTrainedTokenizerFast"])}
    config |= {"chat_template": [{"name": "default", "template": "{{ x }}"}], "extra_special_tokens": ["<y>"]}
    special = {"eos_token": token, "extra_special_tokens": ["<z>"]}
    if rng.random() < 0.5:
        config["added_tokens_decoder"] = {"4": token}
    (directory / "tokenizer_config.json").write_text(json.dumps(config))
    (directory / "special_tokens_map.json").write_text(json.dumps(special))
    (directory / "added_tokens.json").write_text(json.dumps({"<z>": 5, "<w>": 6}))


def tokenizer_files(directory: Path, rng: random.Random) -> Path:
    """The tokenizer alone."""
    write_tokenizer(directory, rng)
    return directory


def read_tokens(directory: Path) -> object:
    """What the tokenizer makes of a text, in the family that most rebuild, and its chat template."""
    tokenizer = read_tokenizer(directory, {"model_type": "gpt2"})
    return tokenizer and encode(tokenizer, str(directory), "ab a"), read_chat_template(directory)


READERS = {
    "checkpoint": Reader(make=checkpoint, read=load_model),
    "tokenizer": Reader(make=tokenizer_files, read=read_tokens),
}
