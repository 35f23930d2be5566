"""Vectors in trees of files: one folder is read as a file would be, several are converted."""

import numpy as np
import pytest

from array_files import WIDTH
from fuzz.vectors import pt_file
from real_models import convert_vectors, read_vectors


def reference_tree(folder, blocks, name="layer_{}.pt", say=True):
    folder.mkdir(parents=True)
    for block in blocks:
        vector = np.full(WIDTH, 1.0 + block, np.float32)
        content = {"layer_idx": block, "hidden_size": WIDTH, "steering_vector": vector, "concept": folder.name}
        (folder / name.format(block)).write_bytes(pt_file(content if say else vector))


@pytest.mark.parametrize("say", [True, False])
def test_trees_of_files_by_layer(tmp_path, say):
    """One folder is read as a file would be; several are named, and converted each to a file of its own."""
    reference_tree(tmp_path / "gpt2" / "joy", [0, 2, 10], say=say)
    for directory in (tmp_path / "gpt2" / "joy", tmp_path):
        found = read_vectors(directory)
        assert {block: vector[0] for block, vector in found.vectors.items()} == {0: 1.0, 2: 3.0, 10: 11.0}
        assert found.entries[10].startswith("layer_10.pt, ")
        assert list(read_vectors(directory, layer=2).vectors) == [2]
    reference_tree(tmp_path / "gpt2.5" / "evil", [1], say=say)
    with pytest.raises(ValueError, match=r"several concepts' vectors, 'gpt2/joy', 'gpt2.5/evil': give one of them"):
        read_vectors(tmp_path)
    with pytest.raises(ValueError, match="name a directory, not a file"):
        convert_vectors(tmp_path, tmp_path / "all.safetensors")
    done = convert_vectors(tmp_path, tmp_path / "out")
    assert [one.target for one in done] == [
        tmp_path / "out" / f"{name}.safetensors" for name in ("gpt2/joy", "gpt2.5/evil")
    ]
    assert list(read_vectors(done[0].target).vectors) == [0, 2, 10]
    assert list(done[1].entries) == [1]


def test_trees_that_contradict_themselves(tmp_path):
    reference_tree(tmp_path / "joy", [1])
    (tmp_path / "joy" / "layer_7.pt").write_bytes((tmp_path / "joy" / "layer_1.pt").read_bytes())
    with pytest.raises(ValueError, match=r"layer 1 is in another file of .* as well"):
        read_vectors(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"holds no files layer_<i>\.pt and no sae_weights"):
        read_vectors(tmp_path / "empty")
