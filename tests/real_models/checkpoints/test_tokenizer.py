"""Token ids are those of transformers' AutoTokenizer, whatever lies beside `tokenizer.json`."""

import json
import logging
import os
import random
from typing import Any

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from real_models.checkpoints.tokenizer import read_chat_template, read_tokenizer
from real_models.texts.encoding import encode

pytestmark = pytest.mark.slow

transformers = pytest.importorskip("transformers")

EXAMPLES = 600 if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else 60
FAMILIES = ("gpt2", "llama", "mistral", "phi3", "granite", "olmo2", "qwen2", "qwen3", "gemma3_text", "gemma3")
CLASSES = ("PreTrainedTokenizerFast", "GPT2Tokenizer", "GPT2TokenizerFast", "LlamaTokenizerFast", "LlamaTokenizer")
CLASSES += ("Qwen2TokenizerFast", "GemmaTokenizerFast", "TokenizersBackend", None, None)
WORDS = [
    "the cat",
    " sat",
    "on<x>a mat",
    "<s>the",
    "the </s> end",
    "  two  spaces",
    "naïve ça",
    "<pad>",
    "a<y> b",
    "tok\n\n3",
]
TEXTS = [*WORDS, "<|endoftext|>the cat<|endoftext|>", "it's 12 o'clock", "<x><y><s>", "mat matx <z>z", ""]
SPECIALS = ["<s>", "</s>", "<x>", "<y>", "<pad>", "<z>", "mat", "<|endoftext|>"]


def trained(rng: random.Random) -> Tokenizer:
    """A small BPE of bytes or of characters, or whole words, with some special tokens and rules."""
    kind = rng.choice(["bytes", "bytes", "characters", "words"])
    special = rng.sample(SPECIALS, rng.randint(0, 4))
    corpus = ["the cat sat on the mat", "naïve cats, ça va", "a mat at two, it's 3 o'clock"] * 3
    if kind == "words":
        tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "the": 1, "cat": 2, "sat": 3}, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    else:
        tokenizer = Tokenizer(models.BPE(byte_fallback=kind == "characters", fuse_unk=kind == "characters"))
        trainer = {"special_tokens": special, "vocab_size": 330, "show_progress": False}
        if kind == "bytes":
            tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=rng.random() < 0.4)
            trainer["initial_alphabet"] = sorted(pre_tokenizers.ByteLevel.alphabet())
        elif rng.random() < 0.5:
            tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=rng.choice(["always", "first", "never"]))
        else:
            tokenizer.normalizer = normalizers.Replace(" ", "▁")
        tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(**trainer))
    for word in special:
        tokenizer.add_special_tokens([word])
    if special and rng.random() < 0.6:
        begin = special[0]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A", pair=f"{begin} $A $B", special_tokens=[(begin, tokenizer.token_to_id(begin))]
        )
    if rng.random() < 0.2:
        tokenizer.enable_truncation(3)
        tokenizer.enable_padding(length=9)
    return tokenizer


def added(rng: random.Random, word: str, marked: bool) -> dict:
    """A token with properties, as the files list them."""
    flags = {key: rng.random() < 0.3 for key in ("lstrip", "rstrip", "single_word", "normalized", "special")}
    return {"content": word} | flags | ({"__type": "AddedToken"} if marked else {})


def config_of(rng: random.Random, tokenizer: Tokenizer) -> dict:
    """A `tokenizer_config.json`."""
    config: dict = {}
    if name := rng.choice(CLASSES):
        config["tokenizer_class"] = name
    for key in rng.sample(["bos_token", "eos_token", "pad_token", "unk_token"], rng.randint(0, 3)):
        word = rng.choice(SPECIALS)
        config[key] = rng.choice([word, added(rng, word, True), None])
    if rng.random() < 0.4:
        words = rng.sample(SPECIALS, 2)
        config[rng.choice(["extra_special_tokens", "additional_special_tokens"])] = rng.choice(
            [words, [added(rng, word, True) for word in words], {"image_token": words[0]}, {"odd": words[1]}, []]
        )
    if rng.random() < 0.4:
        known = tokenizer.get_added_tokens_decoder()
        config["added_tokens_decoder"] = {str(i): added(rng, t.content, False) for i, t in known.items()} | {
            str(400 + i): added(rng, rng.choice(SPECIALS), False) for i in range(rng.randint(0, 2))
        }
    for key in rng.sample(["add_prefix_space", "add_bos_token", "add_eos_token", "split_special_tokens", "legacy"], 2):
        config[key] = rng.random() < 0.5
    if rng.random() < 0.2:
        config["image_token"] = rng.choice(SPECIALS)
    return config


def agrees(directory, rng):
    """Whether it was read; an error if its ids are not those of transformers."""
    family, tokenizer = rng.choice(FAMILIES), trained(rng)
    if isinstance(tokenizer.model, models.WordLevel):  # which the classes of transformers would take for a BPE
        family = rng.choice(["mistral", "phi3", "granite", "olmo2"])
    model_config = {"model_type": family} | ({"tokenizer_class": rng.choice(CLASSES)} if rng.random() < 0.1 else {})
    tokenizer.save(str(directory / "tokenizer.json"))
    written: dict[str, Any] = {"config.json": model_config}
    if rng.random() < 0.8:
        written["tokenizer_config.json"] = config_of(rng, tokenizer)
    if rng.random() < 0.3:
        size = tokenizer.get_vocab_size()
        written["added_tokens.json"] = {word: size + i for i, word in enumerate(rng.sample(SPECIALS, 2))}
    if rng.random() < 0.3:
        chosen = rng.sample(["bos_token", "pad_token"], rng.randint(1, 2))
        written["special_tokens_map.json"] = {
            key: rng.choice([word := rng.choice(SPECIALS), added(rng, word, False)]) for key in chosen
        } | ({"extra_special_tokens": rng.sample(SPECIALS, 1)} if rng.random() < 0.4 else {})
    for name, content in written.items():
        (directory / name).write_text(json.dumps(content))
    try:
        theirs = transformers.AutoTokenizer.from_pretrained(directory)
    except Exception as error:
        theirs, written["transformers"] = None, f"{type(error).__name__} {error}"[:200]
    try:
        ours = read_tokenizer(directory, model_config)
    except ValueError as error:
        ours = str(error)
    if theirs is None:
        return False
    assert not isinstance(ours, str), f"{ours}: {written}"
    for text in TEXTS:
        expected = outcome(lambda text=text: theirs(text)["input_ids"])
        assert outcome(lambda text=text: encode(ours, "ours", text)) == expected, f"{text!r}: {written} {ours.model}"
    return True


def outcome(call):
    """What a call gives, or None where it fails."""
    try:
        return call()
    except Exception:
        return None


@pytest.mark.parametrize("part", range(4))
def test_ids_agree(part, tmp_path):
    transformers.logging.set_verbosity(logging.CRITICAL)
    read = 0
    for seed in range(part, EXAMPLES, 4):
        directory = tmp_path / str(seed)
        directory.mkdir()
        read += agrees(directory, random.Random(seed))
    assert read >= EXAMPLES // 5


def test_a_chat_template_is_at_hand(tmp_path):
    """In a file of its own, which wins, or in the config, alone or among others by name."""
    assert read_chat_template(tmp_path) is None
    config = tmp_path / "tokenizer_config.json"
    named = [{"name": "tool", "template": "no"}, {"name": "default", "template": "yes"}]
    for given, expected in (("{{ a }}", "{{ a }}"), (named, "yes"), ([], None), (None, None)):
        config.write_text(json.dumps({"chat_template": given}))
        assert read_chat_template(tmp_path) == expected
    config.write_text(json.dumps({"chat_template": 3}))
    with pytest.raises(ValueError, match=r"tokenizer_config.json: chat_template is 3, expected a text$"):
        read_chat_template(tmp_path)
    (tmp_path / "chat_template.jinja").write_text("{{ b }}")
    assert read_chat_template(tmp_path) == "{{ b }}"
