"""The tokenizer: byte-level BPE of 4,096 tokens, one special token, one rule.

`<|endoftext|>` stands before every document and begins every sequence: `encode(text)` prepends it, and training
windows begin with it wherever in a document they lie, so that a prompt cut from anywhere looks familiar.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from toy_models.stdlib_gpt.corpus import Document

VOCAB_SIZE = 4096
BOS = "<|endoftext|>"


def train_tokenizer(corpus: Iterable[Document]) -> Tokenizer:
    """Byte-level BPE learned from the texts of `corpus`; any string round-trips exactly."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=[BOS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator((document.text for document in corpus), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A $B", special_tokens=[(BOS, bos_id(tokenizer))]
    )
    return tokenizer


def load_tokenizer(directory: Path) -> Tokenizer:
    """The tokenizer saved in a checkpoint directory."""
    return Tokenizer.from_file(str(directory / "tokenizer.json"))


def bos_id(tokenizer: Tokenizer) -> int:
    """The id of `<|endoftext|>`; a `ValueError` for a tokenizer of another model."""
    found = tokenizer.token_to_id(BOS)
    if found is None:
        raise ValueError(f"the tokenizer has no {BOS}: expected one that train_tokenizer made")
    return found


def save_tokenizer(tokenizer: Tokenizer, directory: Path, max_positions: int) -> None:
    """Write `tokenizer.json` and the `tokenizer_config.json` that transformers reads beside it."""
    tokenizer.save(str(directory / "tokenizer.json"), pretty=False)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": BOS,
        "clean_up_tokenization_spaces": False,
        "model_max_length": max_positions,
    }
    (directory / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def encode_documents(tokenizer: Tokenizer, corpus: Iterable[Document]) -> list[np.ndarray]:
    """The ids of each document, `<|endoftext|>` not included."""
    texts = [document.text for document in corpus]
    return [np.array(e.ids, np.int32) for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
