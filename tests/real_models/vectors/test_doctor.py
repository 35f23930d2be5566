"""A sound model passes every check; each planted defect fails its own."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest

from real_models import LanguageModel, difference_of_means, examine

pytestmark = pytest.mark.slow

PROMPT = [3, 1, 4, 1, 5]
POSITIVE, NEGATIVE = [[1, 2, 3], [4, 5], [6, 7, 8, 9]], [[10, 11, 12], [13, 14], [15, 16, 17]]


def direction(model):
    return np.random.default_rng(0).normal(size=model.d_model)


def verdicts(checks):
    return {check.name: check.ok for check in checks}


def defective(model, **defect):
    """The same model with some of its methods replaced."""
    kind = dataclass(frozen=True, kw_only=True, eq=False)(type("Defective", (LanguageModel,), defect))
    return kind(**{field.name: getattr(model, field.name) for field in fields(model)})


@pytest.mark.parametrize(("family", "dtype"), [("llama", "float32"), ("gemma3_text", "bfloat16"), ("gpt2", "float64")])
def test_a_sound_model(models, family, dtype):
    model = models(family, dtype)
    checks = examine(model, PROMPT, 1, direction(model))
    assert verdicts(checks) == {
        "vocabulary": None,
        "beginning": None,
        "zero strength": True,
        "plain forward": True,
        "scale": True,
        "dtype": True,
        "positions": True,
        "generated tokens": True,
        "sign": True,
        "layer": None,
    }
    assert all(check.detail and "\n" not in check.detail for check in checks)


def test_tokens_that_do_not_fit_the_model(models):
    """A vocabulary padded past the tokenizer is well, one short of it is not; nor is a text that begins twice."""
    from tokenizers import Tokenizer, pre_tokenizers, processors
    from tokenizers import models as kinds

    model = models("llama")

    def examined(words, prompt):
        tokenizer = Tokenizer(kinds.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        tokenizer.add_special_tokens(["<s>"])
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
        checks = examine(replace(model, tokenizer=tokenizer), prompt, 1, direction(model))
        return {check.name: (check.ok, check.detail) for check in checks}

    words = ["<unk>", "<s>", "a", "b"]
    found = examined(words, "a b")
    assert found["vocabulary"] == (True, "the model has 61 tokens, the tokenizer 4: the last 57 are padding")
    assert found["beginning"] == (True, "the prompt does not begin with '<s>' twice")
    found = examined([*words, *(f"w{i}" for i in range(57))], "<s> a b")
    assert found["vocabulary"] == (True, "the model has 61 tokens, the tokenizer 61")
    assert found["beginning"] == (False, "the prompt begins with '<s>' twice: leave it out of the text")
    found = examined([*words, *(f"w{i}" for i in range(58))], "a")
    assert found["vocabulary"][0] is False


def steered(tokens, strengths, layer, vector, positions):
    return {"tokens": tokens, "strengths": strengths, "layer": layer, "vector": vector, "positions": positions}


DEFECTS = {
    "minus": (lambda a: a | {"vector": -np.asarray(a["vector"])}, {"positions", "generated tokens", "sign"}),
    "next block": (lambda a: a | {"layer": 2}, {"positions", "generated tokens", "sign"}),
    "last only": (lambda a: a | {"positions": "last"}, {"positions", "generated tokens", "sign"}),
    "prompt only": (
        lambda a: a | {"positions": "last" if len(a["tokens"]) > len(PROMPT) else a["positions"]},
        {"generated tokens"},
    ),
    "all always": (lambda a: a | {"positions": "all"}, {"positions"}),
    "offset": (
        lambda a: a | {"strengths": np.asarray(a["strengths"]) + 0.1},
        {"zero strength", "plain forward", "positions", "generated tokens", "sign"},
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_planted_defects(models, name):
    change, expected = DEFECTS[name]

    def logits(self, tokens, strengths, *, layer, vector, positions="all"):
        return LanguageModel.logits(self, **change(steered(tokens, strengths, layer, vector, positions)))

    model = defective(models("llama"), logits=logits)
    checks = examine(model, PROMPT, 1, direction(model))
    assert {check.name for check in checks if check.ok is False} == expected


def test_a_narrower_dtype_is_noticed(models):
    def logits(self, *arguments, **options):
        return np.asarray(LanguageModel.logits(self, *arguments, **options), np.float32)

    model = defective(models("llama", "float64"), logits=logits)
    assert verdicts(examine(model, PROMPT, 1, direction(model)))["dtype"] is False


@pytest.mark.parametrize("pool", ["mean", "last"])
def test_layer_and_direction(models, pool):
    """The vector of block l asked for at l - 1 or l + 1 is off by one; turned round it points the wrong way."""
    model = models("llama")
    vectors = difference_of_means(model, POSITIVE, NEGATIVE, pool=pool)
    texts: dict[str, Any] = {"positive": POSITIVE, "negative": NEGATIVE}
    for layer in range(3):
        for asked in range(3):
            check = examine(model, PROMPT, asked, vectors[layer], **texts)[-1]
            assert check.name == "layer"
            assert check.ok is (asked == layer)
            assert (f"off by {asked - layer:+d}" in check.detail) is (asked != layer)
        turned = verdicts(examine(model, PROMPT, layer, -vectors[layer], **texts))
        assert (turned["direction"], turned["layer"]) == (False, True)
    assert verdicts(examine(model, PROMPT, 1, direction(model), **texts))["layer"] is None


def test_extreme_vectors(models):
    model = models("gpt2")
    for size in (1e-4, 1e5):
        check = next(c for c in examine(model, PROMPT, 1, size * direction(model)) if c.name == "scale")
        assert check.ok is False
        assert f"|v| = {np.linalg.norm(size * direction(model)):.3g}" in check.detail
    assert verdicts(examine(model, PROMPT, 1, 0 * direction(model)))["scale"] is False
    assert verdicts(examine(model, PROMPT, 1, 1e-7 * direction(model)))["sign"] is None
    with pytest.raises(ValueError, match="layer is 3, expected a block"):
        examine(model, PROMPT, 3, direction(model))
