"""Checkpoints of the hub: only the needed files, failures in one line, and its cache without a network."""

import os
import subprocess
import sys
import types

import pytest

from real_models import load_model
from real_models.checkpoints.hub import WANTED_FILES


def test_hub_ids(checkpoint, monkeypatch):
    """An id that is no directory goes to huggingface_hub, for the needed files only; its failures become one line."""
    directory, asked = checkpoint("gpt2"), []

    def snapshot_download(name, allow_patterns):
        asked.append((name, allow_patterns))
        if name == "nobody/nothing":
            raise OSError("401 Client Error.\nRepository Not Found for url")
        return str(directory)

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(snapshot_download=snapshot_download))
    assert load_model("owner/name").name == "owner/name"
    assert asked == [("owner/name", WANTED_FILES)]
    with pytest.raises(ValueError, match=r"^nobody/nothing: no such directory, and the hub .*: 401 Client Error.$"):
        load_model("nobody/nothing")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ValueError, match=r"^owner/name: no such directory; .* pip install huggingface_hub$"):
        load_model("owner/name")


OFFLINE = """
from real_models import load_model
model = load_model("owner/name")
print(model.name, model.encode("a b"), float(model.position_logits([3, 1, 4])[2, 1]))
for name in ("owner/absent", "absent"):
    try:
        load_model(name)
    except ValueError as error:
        print(error)
"""


def test_the_hub_cache_offline(checkpoint, tmp_path):
    """The cache as `huggingface_hub` lays it out, under HF_HOME: snapshots of links to blobs, found by refs/main."""
    pytest.importorskip("huggingface_hub")
    from tokenizers import Tokenizer, models, pre_tokenizers

    directory = checkpoint("gpt2")
    tokenizer = Tokenizer(models.WordLevel({"a": 5, "b": 7, "<unk>": 0}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(directory / "tokenizer.json"))
    repository, revision = tmp_path / "home" / "hub" / "models--owner--name", "0" * 40
    snapshot = repository / "snapshots" / revision
    for folder in (snapshot, repository / "blobs", repository / "refs"):
        folder.mkdir(parents=True)
    for file in directory.iterdir():
        file.rename(repository / "blobs" / file.name)
        (snapshot / file.name).symlink_to(f"../../blobs/{file.name}")
    (repository / "refs" / "main").write_text(revision)

    expected = float(load_model(snapshot).position_logits([3, 1, 4])[2, 1])
    variables = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGINGFACE_"))}
    command = [sys.executable, "-c", OFFLINE]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=kept | variables)
    found, *refused = done.stdout.splitlines()
    assert found == f"owner/name [5, 7] {expected}"
    assert len(refused) == 2
    for line, name in zip(refused, ("owner/absent", "absent"), strict=True):
        assert line.startswith(f"{name}: no such directory, and the hub did not give it: ")
