"""A task of lm-evaluation-harness in a directory of its own: twelve questions with four answers each."""

import json
from pathlib import Path

import numpy as np
import pytest

from tiny_checkpoint import VOCABULARY, rows, tiny_checkpoint, words

QUESTIONS = 12
TASK = """
task: tiny_choice
dataset_path: json
dataset_kwargs: {data_files: {test: questions.jsonl}}
output_type: multiple_choice
test_split: test
doc_to_text: "{{context}}"
doc_to_choice: "{{choices}}"
doc_to_target: "{{answer}}"
target_delimiter: " "
metric_list: [{metric: acc}, {metric: acc_norm}]
"""
OTHERS = {
    "tiny_writing": {"output_type": "generate_until", "metric_list": [{"metric": "exact_match"}]},
    "tiny_reading": {"output_type": "loglikelihood_rolling", "metric_list": [{"metric": "word_perplexity"}]},
}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The tiny model and what belongs to it."""
    return tiny_checkpoint(tmp_path_factory.mktemp("ability"))


@pytest.fixture(scope="session")
def tasks(tmp_path_factory) -> Path:
    """Answers of one to three words, and one question without a context."""
    home, rng = tmp_path_factory.mktemp("tasks"), np.random.default_rng(1)
    drawn = [
        {
            "context": words(rng.integers(1, VOCABULARY, 5)) if n else "",
            "choices": [words(rng.integers(1, VOCABULARY, 1 + n % 3)) for _ in range(4)],
            "answer": int(rng.integers(4)),
        }
        for n in range(QUESTIONS)
    ]
    rows(home / "questions.jsonl", drawn)
    (home / "tiny_choice.yaml").write_text(TASK)
    same = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": "questions.jsonl"}}, "test_split": "test"}
    for name, own in OTHERS.items():
        task = {"task": name, "doc_to_text": "{{context}}", "doc_to_target": "{{choices[answer]}}", **same, **own}
        (home / f"{name}.yaml").write_text(json.dumps(task))  # JSON is YAML
    return home


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """What the datasets library keeps of the questions is kept with the test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HOME", "HF_DATASETS_CACHE"):
            patch.setenv(name, str(tmp_path_factory.getbasetemp() / "datasets"))
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield
