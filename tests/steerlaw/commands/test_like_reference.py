"""`sweep --like reference`: text and prompts are cut by the conventions of the paper's code, and only then."""

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from real_models import save_vector
from steerlaw.__main__ import main
from steerlaw.experiments import sweeping
from steerlaw.inputs import concept_files
from toy_models import stdlib_gpt


@pytest.fixture
def asked(tmp_path):
    """The command line, and the documents and prompts in its files."""
    documents = ["import os\n" * 150, " \n", "x = 1", "y + 2\n" * 90]
    long = "def f(self, other):\n" * 40
    prompts = [{"concept": "odd", "kind": kind, "text": long + kind} for kind in ("positive", "negative")]
    (tmp_path / "text.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in documents))
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in prompts))
    (tmp_path / "odd.txt").write_text("one context a line\n")
    save_vector(tmp_path / "v.safetensors", {2: np.ones(256)})
    inputs = {
        "vector": "v.safetensors",
        "contexts": "odd.txt",
        "log-odds-prompts": "prompts.jsonl",
        "text": "text.jsonl",
    }
    options = [f"--{name}={tmp_path / file}" for name, file in inputs.items()]
    line = ["sweep", f"--model={stdlib_gpt.CHECKPOINT}", *options, f"--out={tmp_path / 's.nc'}"]
    return [*line, "--observe=cross-entropy,log-odds"], documents


@pytest.mark.parametrize("like", [True, False])
def test_text_and_prompts_are_cut_as_asked(asked, like, monkeypatch, capsys):
    line, documents = asked
    requests: list[Any] = []
    measured: list[Any] = []

    def no_sweep(request, *_):
        requests.append(request)
        raise ValueError("asked for")

    monkeypatch.setattr(sweeping, "sweep_to_file", no_sweep)
    assert main([*line, *(["--like=reference"] if like else [])]) == 2
    assert "asked for" in capsys.readouterr().err
    (request,) = requests
    tokenizer = Tokenizer.from_file(str(stdlib_gpt.CHECKPOINT / "tokenizer.json"))
    blocks = sweeping._text_segments(request, tokenizer, documents)
    end = tokenizer.token_to_id("<|endoftext|>")
    if like:
        ids = [[*tokenizer.encode(text, add_special_tokens=False).ids, end] for text in (documents[0], documents[3])]
        assert blocks == [text[at : at + 129] for text in ids for at in range(0, len(text) - 128, 128)]
    else:
        assert {len(block) for block in blocks} > {128}
        assert all(block[0] == end for block in blocks)
    encode = SimpleNamespace(encode=lambda text: tokenizer.encode(text).ids)
    monkeypatch.setattr(concept_files, "prompt_log_odds", lambda model, *texts: measured.append(texts) or np.zeros(3))
    request.inputs.concept(encode)
    ((positive,), (negative,)) = measured[0]
    whole = encode.encode(request.inputs.positive[0])
    assert len(whole) > 100
    assert positive == (whole[:100] if like else whole)
    assert (positive == negative) is like


def test_text_without_one_whole_span_is_refused():
    request = SimpleNamespace(like="reference", checkpoint=str(stdlib_gpt.CHECKPOINT), segments=3)
    tokenizer = Tokenizer.from_file(str(stdlib_gpt.CHECKPOINT / "tokenizer.json"))
    with pytest.raises(ValueError, match="holds no document of 129 tokens or more"):
        sweeping._text_segments(request, tokenizer, ["x = 1"])  # pyright: ignore[reportArgumentType]
