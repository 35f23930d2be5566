"""A tiny random language model as files, with everything that a sweep of it needs beside it."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from real_models import save_vector
from real_models.checkpoints.families import family_of

LAYER, VOCABULARY, BOS = 0, 37, 0
CONFIG = {
    "model_type": "llama",
    "hidden_act": "silu",
    "vocab_size": VOCABULARY,
    "hidden_size": 8,
    "intermediate_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "rms_norm_eps": 1e-5,
    "max_position_embeddings": 64,
    "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0},
    "tie_word_embeddings": False,
}
RANDOM = np.random.default_rng(3)
DOCUMENTS = [RANDOM.integers(1, VOCABULARY, n).tolist() for n in (40, 1, 13, 30)]


def words(ids):
    return " ".join(f"w{n}" for n in ids)


def rows(path, content):
    path.write_text("".join(json.dumps(row) + "\n" for row in content))
    return path


def random_tensors():
    family, fields = family_of(CONFIG)
    for tensor in family.tensors(fields, family.spec(fields)):
        name = tensor.name if tensor.name == "lm_head.weight" else f"model.{tensor.name}"
        yield name, (RANDOM.normal(0, 0.4, tensor.shape) + ("norm" in name)).astype(np.float32)


def tiny_checkpoint(home: Path) -> SimpleNamespace:
    """The model, a vector, contexts, prompts, target words and text, in `home`."""
    checkpoint = home / "tiny"
    checkpoint.mkdir()
    (checkpoint / "config.json").write_text(json.dumps(CONFIG))
    save_file(dict(random_tensors()), checkpoint / "model.safetensors")
    tokenizer = Tokenizer(models.WordLevel({"<s>": BOS} | {f"w{n}": n for n in range(1, VOCABULARY)}, unk_token="w1"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", BOS)])
    tokenizer.save(str(checkpoint / "tokenizer.json"))
    save_vector(home / "vector.safetensors", {LAYER: RANDOM.standard_normal(8).astype(np.float32)})
    texts = [words(RANDOM.integers(1, VOCABULARY, 6)) for _ in range(7)]
    (home / "words.txt").write_text("w3 w4 w5\n")
    prompts = [("positive", texts[3]), ("positive", texts[4]), ("negative", texts[5]), ("negative", texts[6])]
    return SimpleNamespace(
        home=home,
        model=checkpoint,
        vector=home / "vector.safetensors",
        words=home / "words.txt",
        contexts=rows(home / "contexts.jsonl", [{"negative": texts[:1]}, {"cats": texts[2:3]}]),
        prompts=rows(home / "prompts.jsonl", [{"concept": "cats", "kind": kind, "text": t} for kind, t in prompts]),
        text=rows(home / "text.jsonl", [{"text": words(ids)} for ids in DOCUMENTS]),
    )
