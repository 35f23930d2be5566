"""The tokenizer of a checkpoint: `tokenizer.json`, and what the files beside it change of it in transformers.

`tokenizer_config.json` may name a class that rebuilds the tokenizer around its vocabulary, and add tokens; without a
list of added tokens there, `special_tokens_map.json` and `added_tokens.json` do.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numerics.files import text as files
from real_models.checkpoints.config import flag, section, shown
from real_models.checkpoints.rebuilt import REBUILT, Rebuilt
from real_models.checkpoints.stored import read_object
from real_models.texts.encoding import guarded

EXTRA = "extra_special_tokens"
NAMED = tuple(f"{name}_token" for name in ("bos", "eos", "unk", "sep", "pad", "cls", "mask"))
CONFIG, SPECIAL, ADDED, TEMPLATE = (
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
)
TOKENIZER_FILES = ("tokenizer.json", CONFIG, SPECIAL, ADDED, TEMPLATE)
"""All that is read beside the weights and their config."""


def read_tokenizer(directory: Path, model_config: Mapping[str, Any]) -> Any:
    """The `tokenizers.Tokenizer` of a checkpoint, without padding or truncation; None where it has no `tokenizer.json`.

    Ids are those that transformers' `AutoTokenizer` gives. `model_config` is the checkpoint's `config.json`, whose
    family decides how the tokenizer is put together. A `ValueError` of one line names the file and what is wrong.
    """
    path = directory / "tokenizer.json"
    if not path.is_file():
        return None
    config = read_if_there(directory / CONFIG)
    content = read_object(path, "")
    if set(listed := config.get("fast_tokenizer_files") or ["tokenizer.json"]) != {"tokenizer.json"}:
        raise ValueError(
            f"{directory / CONFIG}: fast_tokenizer_files is {shown(listed)}, expected tokenizer.json alone"
        )
    kind = rebuilt_as(config, model_config, content)
    with_place(path, lambda: check_added(content))
    padding = with_place(path, lambda: section(content, "padding"))
    usual = {"pad_token": padding.get("pad_token")} | dict(kind.special if kind else {})
    named = usual | with_place(directory, lambda: special_tokens(directory, config))
    tokenizer = guarded(path, lambda: kind.build(content, config | named) if kind else whole(content))
    listed = with_place(directory, lambda: listed_tokens(directory, config, content, named))
    known = {one.content for one in tokenizer.get_added_tokens_decoder().values()}
    tokens = with_place(directory, lambda: tokens_to_add(listed, known, named))
    if kind is not None and kind.plain:
        tokens += [token(token(value, EXTRA).content, EXTRA) for value in special_in_order(named)]
    guarded(path, lambda: tokenizer.add_tokens(tokens))
    tokenizer.encode_special_tokens = with_place(directory / CONFIG, lambda: flag(config, "split_special_tokens"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def read_chat_template(directory: Path) -> str | None:
    """The chat template (Jinja), from a file of its own or from `tokenizer_config.json`; None where there is none."""
    if (directory / TEMPLATE).is_file():
        return files.read_text(directory / TEMPLATE)
    template = read_if_there(directory / CONFIG).get("chat_template")
    if isinstance(template, list):
        template = next(
            (t.get("template") for t in template if isinstance(t, dict) and t.get("name") == "default"), None
        )
    if not isinstance(template, str | None):
        raise ValueError(f"{directory / CONFIG}: chat_template is {shown(template)}, expected a text")
    return template


def rebuilt_as(
    config: Mapping[str, Any], model_config: Mapping[str, Any], content: Mapping[str, Any]
) -> Rebuilt | None:
    """The class that puts the tokenizer together anew around its vocabulary; None where the file is taken as it is."""
    family, model = model_config.get("model_type"), content.get("model")
    own = next((own for own, kind in REBUILT.items() if family in kind.families), None)
    if own is None or not (isinstance(model, dict) and model.get("type", "BPE") == "BPE" and "merges" in model):
        return None
    asked = config.get("tokenizer_class") or model_config.get("tokenizer_class")
    if family in REBUILT[own].always or (asked is None and not REBUILT[own].by_name_only):
        return REBUILT[own]
    kind = REBUILT.get(asked.removesuffix("Fast")) if isinstance(asked, str) else None
    return None if kind is None or (kind.by_name_only and "ByteLevel" in json.dumps(content)) else kind


def whole(content: Mapping[str, Any]) -> Any:
    """The tokenizer that a `tokenizer.json` describes."""
    from tokenizers import Tokenizer

    return Tokenizer.from_str(json.dumps(content))


def check_added(content: Mapping[str, Any]) -> None:
    """Refuse added tokens that are no list of objects."""
    added = content.get("added_tokens", [])
    if not isinstance(added, list) or not all(isinstance(token, dict) for token in added):
        raise ValueError(f"added_tokens is {shown(added)}, expected a list of objects")


def special_tokens(directory: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """The special tokens by their names, and more of them in a list `extra_special_tokens`."""
    fields = with_names(dict(config) | {EXTRA: config.get(EXTRA) or config.get("additional_special_tokens")})
    if "added_tokens_decoder" not in config:
        listed = read_if_there(directory / SPECIAL)
        more = {key: value | {"special": True} if is_plain(key, value) else value for key, value in listed.items()}
        if isinstance(extra := more.get(EXTRA), list):
            had = fields[EXTRA] if isinstance(fields[EXTRA], list) else []
            more[EXTRA] = [*had, *(token for token in extra if token not in had)]
        fields = with_names(fields | more)
    extra = fields[EXTRA]
    if not isinstance(extra, list | None):
        raise ValueError(f"{EXTRA} is {shown(extra)}, expected a list or an object of tokens")
    found = {key: value for key, value in fields.items() if key in NAMED or is_token(key, value)}
    return found | {EXTRA: extra or []}


def with_names(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with the tokens of an object `extra_special_tokens` among them."""
    extra = fields.get(EXTRA)
    if not isinstance(extra, dict):
        return fields
    named = {key if key.endswith("_token") else f"{key}_token": token for key, token in extra.items()}
    return fields | named | {EXTRA: None}


def is_plain(key: str, value: Any) -> bool:
    """Whether a value of `special_tokens_map.json` is one token with its properties."""
    return isinstance(value, dict) and key != EXTRA


def is_token(key: str, value: Any) -> bool:
    """Whether a field that ends so is a token: flags like `add_bos_token` do, too."""
    return key.endswith("_token") and isinstance(value, str | dict)


def listed_tokens(
    directory: Path, config: Mapping[str, Any], content: Mapping[str, Any], named: Mapping[str, Any]
) -> list[Any]:
    """Added tokens that the files list by their ids, in the order of these."""
    if "added_tokens_decoder" in config:
        listed = config["added_tokens_decoder"]
        if not isinstance(listed, dict) or not all(key.isdecimal() and len(key) < 10 for key in listed):
            raise ValueError(f"added_tokens_decoder is {shown(listed)}, expected an object of tokens by their ids")
        by_id = {int(key): token(value, "added_tokens_decoder") for key, value in listed.items()}
    else:
        # As in transformers, a token with its properties in the config is not yet known to be special here.
        special = {
            token(one, EXTRA).content
            for one in special_in_order(named)
            if not (isinstance(one, dict) and "__type" in one)
        }
        by_id = {}
        for word, number in read_if_there(directory / ADDED).items():
            if not isinstance(number, int) or not word:
                raise ValueError(f"{ADDED} has {shown(word)}: {shown(number)}, expected a token and its id")
            by_id[number] = token(
                {"content": word, "special": word in special, "normalized": word not in special}, ADDED
            )
        for one in content.get("added_tokens", []):
            if not isinstance(number := one.get("id"), int):
                raise ValueError(f"added_tokens has {shown(one)}, expected a token with its id")
            by_id[number] = token(one, "added_tokens")
    return [by_id[number] for number in sorted(by_id)]


def tokens_to_add(listed: list[Any], known: set[str], named: Mapping[str, Any]) -> list[Any]:
    """The listed tokens, and after them the special ones that are neither among them nor `known` to the tokenizer."""
    by_text = {one.content: one for one in listed}
    tokens = list(listed)
    for value in special_in_order(named):
        one = token(value, "special tokens")
        if one.content not in known and one.content not in by_text and one not in tokens:
            tokens.append(one)
    names = {token(named[key], key).content for key in named_keys(named)}
    for one in tokens:
        one.special = one.special or one.content in names
    return tokens


def named_keys(named: Mapping[str, Any]) -> list[str]:
    """The names of the special tokens that have one: the usual ones first."""
    others = [key for key in named if key not in (*NAMED, EXTRA)]
    return [key for key in (*NAMED, *others) if named.get(key) is not None]


def special_in_order(named: Mapping[str, Any]) -> list[Any]:
    """The special tokens, those with a name first."""
    return [*(named[key] for key in named_keys(named)), *named[EXTRA]]


def token(value: Any, where: str) -> Any:
    """An added token, from a text, which is a special one then, or from its properties."""
    from tokenizers import AddedToken

    fields = {"content": value, "special": True} if isinstance(value, str) else value
    if not isinstance(fields, dict) or not isinstance(fields.get("content"), str) or not fields["content"]:
        raise ValueError(f"{where} has {shown(value)}, expected a text, or one with its properties")
    flags = {key: fields[key] for key in ("lstrip", "rstrip", "single_word", "normalized", "special") if key in fields}
    if not all(isinstance(each, bool) for each in flags.values()):
        raise ValueError(f"{where} has {shown(value)}, expected true or false for its properties")
    return AddedToken(fields["content"], **flags)


def read_if_there(path: Path) -> dict[str, Any]:
    """A JSON object, empty where there is no such file."""
    return read_object(path, "") if path.is_file() else {}


def with_place(path: Path, read: Callable[[], Any]) -> Any:
    """What a function reads; its complaints begin with the file or folder."""
    try:
        return read()
    except ValueError as error:
        message = str(error)
        raise ValueError(message if message.startswith(str(path)) else f"{path}: {message}") from error
