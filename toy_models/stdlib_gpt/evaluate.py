"""How good the shipped model is: `python -m toy_models.stdlib_gpt.evaluate` recomputes every figure of its model card.

Each token of a held-out document is predicted once, `<|endoftext|>` never. Windows of as many positions as the model
was trained on begin with `<|endoftext|>` and advance by half their length; a window counts only what the one before did
not reach. The trigram predicts the same tokens; `xz` compresses the concatenated documents. Bits are per UTF-8 byte.
"""

import hashlib
import json
import lzma
import math
import platform
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import jax
import numpy as np
import tyro
from jaxtyping import Array, Bool, Float, Int
from tokenizers import Tokenizer

from real_models.checkpoints.checkpoint import read_checkpoint
from real_models.decoding import decoder
from real_models.decoding.decoder import Params, Spec
from toy_models.stdlib_gpt import CHECKPOINT, DATA, corpus
from toy_models.stdlib_gpt.tokenizer import bos_id, encode_documents, load_tokenizer
from toy_models.stdlib_gpt.trigram import trigram_nats

FIGURES = DATA / "figures.json"
SLICE = DATA / "held_out.txt"
SLICE_FIGURES = DATA / "held_out.json"
SLICE_LONGEST_DOCUMENT = 8_000
SLICE_REGISTER_SIZE = 20_000
BATCH = 32


def cut(ids: Int[np.ndarray, " n"], length: int, bos: int) -> tuple[Int[np.ndarray, "windows length"], ...]:
    """`(inputs, targets, counted)`: the windows of one text, padded on the right with `bos`."""
    stride = length // 2
    starts = np.arange(0, max(1, len(ids) - stride), stride)
    at = starts[:, None] + np.arange(length)
    padded = np.concatenate([ids, np.full(length, bos, ids.dtype)])
    targets = padded[at]
    inputs = np.concatenate([np.full((len(starts), 1), bos, ids.dtype), targets[:, :-1]], axis=1)
    fresh = (starts[:, None] == 0) | (np.arange(length) >= length - stride)
    return inputs, targets, fresh & (at < len(ids))


@partial(jax.jit, static_argnums=0)
def window_nats(spec: Spec, params: Params, inputs: Array, targets: Array, counted: Bool[Array, "batch position"]):
    """`-log p(target)` in nats, 0 where not counted."""
    logits = decoder.forward(spec, params, inputs)
    chosen = jax.numpy.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    return counted * (jax.nn.logsumexp(logits, axis=-1) - chosen)


def model_nats(spec: Spec, params: Params, texts: Sequence[Int[np.ndarray, " n"]], bos: int) -> Float[np.ndarray, " k"]:
    """Total `-log p` of each text's tokens given only that text, in nats."""
    pieces = [cut(ids, spec.max_positions, bos) for ids in texts]
    owner = np.repeat(np.arange(len(texts)), [len(piece[0]) for piece in pieces])
    columns = [np.concatenate(column) for column in zip(*pieces, strict=True)]
    padding = -len(owner) % BATCH
    columns = [np.pad(column, ((0, padding), (0, 0))) for column in columns]
    nats = [
        np.asarray(window_nats(spec, params, *(column[i : i + BATCH] for column in columns)), np.float64).sum(axis=1)
        for i in range(0, len(columns[0]), BATCH)
    ]
    return np.bincount(owner, weights=np.concatenate(nats)[: len(owner)], minlength=len(texts))


def text_figures(spec: Spec, params: Params, bpe: Tokenizer, text: str) -> dict[str, Any]:
    """Tokens, loss and hash of one text."""
    ids = np.array(bpe.encode(text, add_special_tokens=False).ids, np.int32)
    nats = float(model_nats(spec, params, [ids], bos_id(bpe))[0])
    size = len(text.encode())
    return {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "bytes": size,
        "tokens": len(ids),
        "nats_per_token": nats / len(ids),
        "bits_per_byte": nats / math.log(2) / size,
    }


def held_out_slice(held_out: Sequence[corpus.Document]) -> str:
    """The committed slice: short held-out documents of both registers, taken in the order of their names' hashes."""
    texts = []
    for kind in ("code", "prose"):
        size = 0
        for document in sorted(held_out, key=lambda d: hashlib.sha256(d.name.encode()).digest()):
            if document.kind == kind and len(document.text) <= SLICE_LONGEST_DOCUMENT and size < SLICE_REGISTER_SIZE:
                texts.append(document.text)
                size += len(document.text)
    return "\n".join(texts)


def figures(directory: Path, documents: Sequence[corpus.Document], **about: str) -> dict[str, Any]:
    """Every figure of the model card, on the documents of both sides; `about` says what these are of."""
    learned, held_out = corpus.split(documents)
    spec, params = read_checkpoint(directory)
    bpe = load_tokenizer(directory)
    bos = bos_id(bpe)
    train_ids, held_out_ids = encode_documents(bpe, learned), encode_documents(bpe, held_out)
    texts = [document.text.encode() for document in held_out]
    size = sum(map(len, texts))
    nats = model_nats(spec, params, held_out_ids, bos)
    prose = np.array([document.kind == "prose" for document in held_out])

    def bits_per_byte(total: float, size: int = size) -> float:
        return total / math.log(2) / size

    def register(of: Bool[np.ndarray, " k"]) -> float:
        return bits_per_byte(nats[of].sum(), sum(len(text) for text, wanted in zip(texts, of, strict=True) if wanted))

    model = bits_per_byte(nats.sum())
    trigram = bits_per_byte(trigram_nats(train_ids, held_out_ids, spec.vocab_size, bos))
    xz = 8 * len(lzma.compress(b"".join(texts), preset=9 | lzma.PRESET_EXTREME)) / size
    return {
        "weights_sha256": hashlib.sha256((directory / "model.safetensors").read_bytes()).hexdigest(),
        **about,
        "corpus_sha256": corpus.digest(learned + held_out),
        "train_sha256": corpus.digest(learned),
        "held_out_sha256": corpus.digest(held_out),
        "train_bytes": sum(len(document.text.encode()) for document in learned),
        "train_tokens": sum(map(len, train_ids)),
        "held_out_bytes": size,
        "held_out_tokens": sum(map(len, held_out_ids)),
        "model_bits_per_byte": model,
        "model_bits_per_byte_code": register(~prose),
        "model_bits_per_byte_prose": register(prose),
        "trigram_bits_per_byte": trigram,
        "xz_bits_per_byte": xz,
        "model_over_trigram": model / trigram,
        "model_over_xz": model / xz,
    }


def main(checkpoint: Annotated[Path, tyro.conf.Positional] = CHECKPOINT, write: bool = False) -> None:
    """Print the figures of a checkpoint as JSON; `--write` also records them, the committed slice and its loss."""
    found = figures(checkpoint, corpus.documents(), cpython=platform.python_version())
    if write:
        text = held_out_slice(corpus.split(corpus.documents())[1])
        SLICE.write_text(text, encoding="utf-8", newline="")
        on_slice = text_figures(*read_checkpoint(checkpoint), load_tokenizer(checkpoint), text)
        SLICE_FIGURES.write_text(json.dumps(on_slice, indent=2) + "\n")
        FIGURES.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    tyro.cli(main)
