"""Tokenizer classes of transformers that keep a file's vocabulary and merges and put the rest together anew."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from real_models.checkpoints.config import shown

QWEN_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How the texts of Qwen 2 and later are cut into words."""
END = "<|endoftext|>"


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """One such class: the model types it belongs to, and the special tokens it has unless the files name others.

    `build` makes the tokenizer of a `tokenizer.json` and a `tokenizer_config.json`. For the model types `always` the
    class is used whatever the files ask for; with `by_name_only` it is only where they do. `plain` says that it takes
    special tokens without the properties that the files give them.
    """

    families: tuple[str, ...]
    build: Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
    special: Mapping[str, str | None]
    always: tuple[str, ...] = ()
    by_name_only: bool = False
    plain: bool = False


def around(content: Mapping[str, Any], **options: Any) -> Any:
    """A tokenizer with the file's vocabulary, merges and post-processor, and nothing else."""
    import json

    from tokenizers import Tokenizer, models

    model = content["model"]
    merges: list[Any] = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in model["merges"]]
    if not isinstance(model.get("vocab"), dict) or not all(len(pair) == 2 for pair in merges):
        raise ValueError(f"its vocabulary is {shown(model.get('vocab'))}, expected tokens, and merges of two of them")
    kept = {"type": "BPE", "vocab": {}, "merges": []}
    plain = {"model": kept, "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "decoder": None}
    extracted = Tokenizer.from_str(json.dumps({"version": "1.0"} | dict(content) | plain))
    tokenizer = Tokenizer(models.BPE(vocab=model["vocab"], merges=merges, dropout=None, **options))
    if extracted.post_processor is not None:
        tokenizer.post_processor = extracted.post_processor
    return tokenizer


def prefix_space(config: Mapping[str, Any], default: bool) -> bool:
    """Whether a text is read as if it began with a space."""
    value = config.get("add_prefix_space", default)
    if not isinstance(value, bool | None):
        raise ValueError(f"add_prefix_space is {shown(value)}, expected true or false")
    return default if value is None else value


def gpt2(content: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    """Bytes, cut by GPT-2's rule."""
    from tokenizers import decoders, pre_tokenizers

    tokenizer = around(content, continuing_subword_prefix="", end_of_word_suffix="", fuse_unk=False)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space(config, False))
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def qwen2(content: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    """Bytes of composed characters, cut by a rule of its own."""
    from tokenizers import Regex, decoders, normalizers, pre_tokenizers

    tokenizer = around(content, continuing_subword_prefix="", end_of_word_suffix="", fuse_unk=False)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN_WORDS), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=prefix_space(config, False), use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def gemma(content: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    """Characters, with a mark for the space and bytes where the vocabulary ends."""
    from tokenizers import decoders, normalizers, pre_tokenizers

    unknown = config.get("unk_token") or "<unk>"
    unknown = unknown.get("content") if isinstance(unknown, dict) else unknown
    tokenizer = around(content, fuse_unk=True, unk_token=unknown, byte_fallback=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(pattern=" ", behavior="merged_with_previous", invert=False)
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    return tokenizer


def llama(content: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    """Characters, with a mark for the space, one of which begins every text."""
    from tokenizers import decoders, pre_tokenizers

    prefixed = prefix_space(config, True)
    legacy = config.get("legacy", False)
    scheme = ("always" if legacy else "first") if prefixed else "never"
    tokenizer = around(content, fuse_unk=True, byte_fallback=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=scheme, split=False)
    strip = [decoders.Strip(content=" ", left=1)] if prefixed else []
    marks = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip]
    tokenizer.decoder = decoders.Sequence(marks)
    return tokenizer


REBUILT = {
    "GPT2Tokenizer": Rebuilt(
        families=("gpt2",),
        build=gpt2,
        special={"bos_token": END, "eos_token": END, "unk_token": END, "pad_token": None},
    ),
    "Qwen2Tokenizer": Rebuilt(
        families=("qwen2", "qwen3"),
        build=qwen2,
        special={"eos_token": END, "unk_token": END, "pad_token": END},
        always=("qwen2",),
        plain=True,
    ),
    "GemmaTokenizer": Rebuilt(
        families=("gemma3", "gemma3_text"),
        build=gemma,
        special={f"{name}_token": f"<{name}>" for name in ("bos", "eos", "unk", "pad", "mask")},
    ),
    "LlamaTokenizer": Rebuilt(
        families=("llama",),
        build=llama,
        special={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
        by_name_only=True,
    ),
}
