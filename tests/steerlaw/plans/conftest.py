"""A plan over a tiny random checkpoint: two cells of next tokens, one of text, and what they are measured from."""

from pathlib import Path

import pytest

from tiny_checkpoint import rows, tiny_checkpoint

PLAN = """
title = "two figures of a tiny model"

[texts]
positive = "prompts.jsonl"
negative = "prompts.jsonl"
contexts = "{concept}.contexts.jsonl"
text = "text.jsonl"

[models.tiny]
checkpoint = "tiny"
blocks = {middle = 0, last = 1}
shape = {blocks = 2, width = 8, mlp = 12, vocabulary = 37, heads = 2, kv_heads = 1, head_size = 4}

[concepts.cats]
words = ["w3", "w4"]

[cross_entropy]
segments = 2
tokens = 8

[sampling]
tokens = 3
samples = 24

[[figures]]
figure = "1"
models = ["tiny"]
concepts = ["cats"]
layers = ["middle", "last"]
observe = "next-token"
strengths = "0:4:33"

[[figures]]
figure = "2"
models = ["tiny"]
concepts = ["cats"]
observe = "cross-entropy"
strengths = "-2:2:5"

[[figures]]
figure = "table"
models = ["tiny"]
concepts = ["cats"]
observe = "next-token"
strengths = "0:4:33"
"""


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """The plan's files."""
    home = tmp_path_factory.mktemp("plan")
    tiny_checkpoint(home)
    contexts = (home / "contexts.jsonl").read_text()
    (home / "cats.contexts.jsonl").write_text(contexts)
    rows(home / "words.jsonl", [{"text": "w1 w2"}])
    (home / "plan.toml").write_text(PLAN)
    return home
