"""Valid vector files of every layout that is read, written without the code that reads them."""

import io
import json
import random
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from fuzz.reader import Reader
from real_models.vectors.reading import read_vectors

WIDTH = 6


def numbers(rng: random.Random, *shape: int) -> np.ndarray:
    return np.random.default_rng(rng.randrange(2**32)).normal(size=(*shape, WIDTH)).astype(np.float32)


def pickled(content: Mapping[Any, Any] | np.ndarray, view: bytes = b"") -> tuple[bytes, list[np.ndarray]]:
    """The pickle that torch writes of tensors in dictionaries, and the storages, numbered, that it refers to.

    `view` ends what it says about a storage: nothing, or that it is a view of none.
    """
    storages: list[np.ndarray] = []

    def text(value: str) -> bytes:
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()

    def integer(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    def sizes(values) -> bytes:
        return b"(" + b"".join(map(integer, values)) + b"t"

    def write(value) -> bytes:
        if isinstance(value, np.ndarray):
            key, strides = str(len(storages)), [step // value.itemsize for step in value.strides]
            storages.append(value)
            kind = {"float32": b"Float", "float64": b"Double", "float16": b"Half"}[value.dtype.name]
            stored = b"(" + text("storage") + b"ctorch\n" + kind + b"Storage\n" + text(key) + text("cpu")
            stored += integer(value.size) + view + b"tQ"
            no_hooks = b"\x89ccollections\nOrderedDict\n)R"
            tensor = b"(" + stored + integer(0) + sizes(value.shape) + sizes(strides) + no_hooks + b"t"
            return b"ctorch._utils\n_rebuild_tensor_v2\n" + tensor + b"R"
        if isinstance(value, Mapping):
            return b"}(" + b"".join(write(key) + write(part) for key, part in value.items()) + b"u"
        if value is None:
            return b"N"
        if isinstance(value, float):
            return b"G" + struct.pack(">d", value)
        return integer(value) if isinstance(value, int) else text(str(value))

    return b"\x80\x02" + write(content) + b".", storages


def pt_file(content: Mapping[Any, Any] | np.ndarray) -> bytes:
    """As `torch.save` writes it."""
    pickle, storages = pickled(content)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle)
        archive.writestr("archive/byteorder", b"little")
        for key, storage in enumerate(storages):
            archive.writestr(f"archive/data/{key}", storage.tobytes("A"))
        archive.writestr("archive/version", b"3\n")
    return buffer.getvalue()


def old_pt_file(content: Mapping[Any, Any] | np.ndarray) -> bytes:
    """As `torch.save` wrote it before version 1.6."""
    pickle, storages = pickled(content, view=b"N")
    magic = b"\x80\x02\x8a\x0a" + (0x1950A86A20F9469CFC6C).to_bytes(10, "little") + b"."
    system = b"\x80\x02}X\x0d\0\0\0little_endian\x88s."
    keys = b"\x80\x02](" + b"".join(b"X\1\0\0\0%d" % key for key in range(len(storages))) + b"e."
    data = b"".join(struct.pack("<q", storage.size) + storage.tobytes("A") for storage in storages)
    return magic + b"\x80\x02M\xe9\x03." + system + pickle + keys + data


def gguf_file(vectors: Mapping[int, np.ndarray]) -> bytes:
    """A control vector as llama.cpp keeps it, with a list among the fields."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    fields = text("general.architecture") + struct.pack("<I", 8) + text("controlvector")
    fields += text("controlvector.model_hint") + struct.pack("<I", 8) + text("llama")
    fields += text("controlvector.layers") + struct.pack("<IIQ", 9, 4, 2) + struct.pack("<II", 1, 2)
    fields += text("general.tags") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")
    data, declared = b"", b""
    for block, vector in vectors.items():
        declared += text(f"direction.{block}") + struct.pack("<IQIQ", 1, vector.size, 0, len(data))
        data += vector.tobytes() + b"\0" * (-vector.nbytes % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(vectors), 4) + fields + declared
    return head + b"\0" * (-len(head) % 32) + data


def reference(rng: random.Random, layer: int) -> dict[str, Any]:
    said = {"model": "gpt2", "concept": "joy", "concept_slug": "joy", "layer_idx": layer, "hidden_size": WIDTH}
    return {**said, "steering_vector": numbers(rng)}


def hooks(rng: random.Random) -> dict[str, Any]:
    entry = {"steering_coefficient": 2.0, "action": "add", "bias": None, "head_index": None}
    return {f"layers.{layer}": {**entry, "steering_vector": numbers(rng)} for layer in (1, 4)}


def written(name: str, content) -> Reader:
    """A reader of a file with that name; `content` gives its bytes."""

    def make(directory: Path, rng: random.Random) -> Path:
        path = directory / name
        path.write_bytes(content(rng))
        return path

    return Reader(make=make, read=lambda path: read_vectors(path, layer=2, row=0 if "W_dec" in name else None))


def saved(save, *arguments, **named) -> bytes:
    buffer = io.BytesIO()
    save(buffer, *arguments, **named)
    return buffer.getvalue()


def make_safetensors(directory: Path, rng: random.Random) -> Path:
    path = directory / "v.safetensors"
    save_file({"layer.2": numbers(rng), "layer.5": numbers(rng)}, path, {"model": "gpt2"})
    return path


def make_sae(directory: Path, rng: random.Random) -> Path:
    folder = directory / "sae"
    folder.mkdir()
    save_file({"W_dec": numbers(rng, 4), "b_dec": numbers(rng)}, folder / "sae_weights.safetensors")
    (folder / "cfg.json").write_text(json.dumps({"d_in": WIDTH, "hook_name": "blocks.2.hook_resid_post"}))
    return folder


def make_tree(directory: Path, rng: random.Random) -> Path:
    folder = directory / "gpt2" / "joy"
    folder.mkdir(parents=True)
    for layer in (1, 2):
        (folder / f"layer_{layer}.pt").write_bytes(pt_file(reference(rng, layer)))
    return directory / "gpt2"


READERS: dict[str, Reader] = {
    "vectors: safetensors": Reader(make=make_safetensors, read=read_vectors),
    "vectors: SAELens directory": Reader(make=make_sae, read=lambda path: read_vectors(path, row=1)),
    "vectors: reference tree": Reader(make=make_tree, read=read_vectors),
    "vectors: gguf": written("v.gguf", lambda rng: gguf_file({2: numbers(rng), 3: numbers(rng)})),
    "vectors: pt tensor": written("v.pt", lambda rng: pt_file(numbers(rng))),
    "vectors: pt by layer": written("v.pt", lambda rng: pt_file({2: numbers(rng), 3: numbers(rng)})),
    "vectors: pt hook points": Reader(make=written("v.pt", lambda rng: pt_file(hooks(rng))).make, read=read_vectors),
    "vectors: pt rows": written("x_diff.pt", lambda rng: pt_file(numbers(rng, 5))),
    "vectors: old pt": written("layer_2.pt", lambda rng: old_pt_file(reference(rng, 2))),
    "vectors: npy": written("v.npy", lambda rng: saved(np.save, numbers(rng, 4))),
    "vectors: npz table": Reader(
        make=written("params.npz", lambda rng: saved(np.savez_compressed, W_dec=numbers(rng, 4))).make,
        read=lambda path: read_vectors(path, layer=2, row=1),
    ),
    "vectors: npz by layer": written("v.npz", lambda rng: saved(np.savez, layer_2=numbers(rng), layer_3=numbers(rng))),
}
