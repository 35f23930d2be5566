"""The tokenizer of a checkpoint: `tokenizer.json`, and what the files beside it change of it in transformers.

`tokenizer_config.json` may name a class that rebuilds the tokenizer around its vocabulary, and add tokens; without a
list of added tokens there, `special_tokens_map.json` and `added_tokens.json` do.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from numerics.files import text as files
from real_models.checkpoints.config import flag, shown
from real_models.checkpoints.rebuilt import REBUILT, Rebuilt
from real_models.checkpoints.stored import read_object

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
        raise ValueError(f"{directory / CONFIG}: fast_tokenizer_files is {shown(listed)}, expected tokenizer.json alone")
    kind = rebuilt_as(config, model_config, content)
    with_place(path, lambda: check_added(content))
    named = dict(kind.special if kind else {}) | with_place(directory, lambda: special_tokens(directory, config))
    tokenizer = guarded(path, lambda: kind.build(content, config | named) if kind else whole(content))
    tokens = with_place(directory, lambda: list(added_tokens(directory, config, content, named)))
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
        template = next((t.get("template") for t in template if isinstance(t, dict) and t.get("name") == "default"), None)
    if not isinstance(template, str | None):
        raise ValueError(f"{directory / CONFIG}: chat_template is {shown(template)}, expected a text")
    return template


def encode(tokenizer: Any, name: str, prompt: str) -> list[int]:
    """Token ids of a text, by the tokenizer's own rule for special tokens; a `ValueError` where it fails."""
    return guarded(name, lambda: tokenizer.encode(prompt).ids, "cannot be tokenised")


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
    fields = dict(config)
    if "added_tokens_decoder" not in config:
        more = read_if_there(directory / SPECIAL)
        extra = more.get("extra_special_tokens")
        if isinstance(extra, list):
            had = fields.get("extra_special_tokens") or fields.get("additional_special_tokens") or []
            more["extra_special_tokens"] = [*had, *(token for token in extra if token not in had)]
        fields |= more
    if not fields.get("extra_special_tokens"):
        fields["extra_special_tokens"] = fields.get("additional_special_tokens")
    extra = fields.get("extra_special_tokens")
    if isinstance(extra, dict):
        fields |= {key if key.endswith("_token") else f"{key}_token": token for key, token in extra.items()}
        extra = None
    if not isinstance(extra, list | None):
        raise ValueError(f"extra_special_tokens is {shown(extra)}, expected a list or an object of tokens")
    found = {key: value for key, value in fields.items() if key in NAMED or is_token(key, value)}
    return found | {"extra_special_tokens": extra or []}


def is_token(key: str, value: Any) -> bool:
    """Whether a field that ends so is a token: flags like `add_bos_token` do, too."""
    return key.endswith("_token") and isinstance(value, str | dict)


def added_tokens(
    directory: Path, config: Mapping[str, Any], content: Mapping[str, Any], named: Mapping[str, Any]
) -> Iterator[Any]:
    """Tokens to add, in order: those listed by id, then special ones that are not among them."""
    names = [key for key in NAMED if key in named] + [key for key in named if key not in (*NAMED, "extra_special_tokens")]
    special = [token(named[key], key) for key in names if named[key] is not None]
    special += [token(one, "extra_special_tokens") for one in named["extra_special_tokens"]]
    texts = {one.content for one in special}
    by_id: dict[int, Any] = {}
    if "added_tokens_decoder" in config:
        listed = config["added_tokens_decoder"]
        if not isinstance(listed, dict) or not all(key.isdecimal() and len(key) < 10 for key in listed):
            raise ValueError(f"added_tokens_decoder is {shown(listed)}, expected an object of tokens by their ids")
        by_id = {int(key): token(value, "added_tokens_decoder") for key, value in listed.items()}
    else:
        for word, number in read_if_there(directory / ADDED).items():
            if not isinstance(number, int) or not word:
                raise ValueError(f"{ADDED} has {shown(word)}: {shown(number)}, expected a token and its id")
            by_id[number] = token({"content": word, "special": word in texts}, ADDED)
        for one in content.get("added_tokens", []):
            by_id[one.get("id", -1)] = token(one, "added_tokens")
    listed = [by_id[number] for number in sorted(by_id)]
    for one in listed:
        one.special = one.special or one.content in {each.content for each in special[: len(names)]}
    yield from listed
    seen = {one.content for one in listed}
    for one in special:
        if one.content not in seen:
            seen.add(one.content)
            yield one


def token(value: Any, where: str) -> Any:
    """An added token, from a text, which is a special one then, or from its properties."""
    from tokenizers import AddedToken

    fields = {"content": value, "special": True} if isinstance(value, str) else value
    if not isinstance(fields, dict) or not isinstance(fields.get("content"), str) or not fields["content"]:
        raise ValueError(f"{where} has {shown(value)}, expected a token")
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


def guarded(where: Any, call: Callable[[], Any], what: str = "is not a readable tokenizer") -> Any:
    """What the tokenizers library answers; it raises nothing narrower than Exception, and panics beyond that."""
    try:
        return call()
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(f"{where} {what}: {reason}") from error
