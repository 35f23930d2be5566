"""The shipped models' own task: its file is what its rule writes, and its right answers are the text's."""

import json

import numpy as np
import pytest

from toy_models import perl_gpt, stdlib_gpt
from toy_models.cloze import LENGTH, TASK, questions

MODELS = pytest.mark.parametrize("model", [stdlib_gpt, perl_gpt], ids=["stdlib-gpt", "perl-gpt"])


@MODELS
def test_the_file_is_what_the_rule_writes(model):
    rows = [json.loads(line) for line in (model.TEXTS.tasks / f"{TASK}.jsonl").read_text().splitlines()]
    assert rows == questions(model.TEXTS.segments())
    assert len(rows) >= 60


@MODELS
def test_one_of_four_answers_is_the_text_s_own(model):
    texts = model.TEXTS.segments()
    asked = questions(texts)
    for question in asked:
        right = question["choices"][question["answer"]]
        assert len(set(question["choices"])) == 4
        assert all(len(choice) == LENGTH for choice in question["choices"])
        assert any(question["context"] + right in text for text in texts)
    counts = [sum(question["answer"] == n for question in asked) for n in range(4)]
    assert min(counts) >= 10  # no place is favoured


def test_a_text_that_is_too_short_asks_nothing():
    rng = np.random.default_rng(0)
    texts = [" ".join("".join(rng.choice(list("abcde"), 7)) for _ in range(20)) for _ in range(5)]
    assert questions([*texts, "short", "no" * 60]) == questions(texts)
    assert len(questions(texts)) == 15
