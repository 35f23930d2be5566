"""Text from files, read in one way: UTF-8, with or without a byte-order mark, and every complaint names its place."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Byte-order marks that text in UTF-8 does not begin with; the longer first, since one begins with another."""


def read_text(path: str | Path) -> str:
    r"""The whole text of a file: a UTF-8 byte-order mark is dropped, `\r\n` and `\r` become `\n`.

    A missing file is a `FileNotFoundError`; a directory or a device, another encoding, bytes that are no UTF-8 and NUL
    characters are a `ValueError` that names the file and, where there is one, the line.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if not path.is_file():
        raise ValueError(f"{path}: expected a text file, got {'a directory' if path.is_dir() else 'no regular file'}")
    data = path.read_bytes()
    for mark, name in OTHER_MARKS.items():
        if data.startswith(mark):
            raise ValueError(f"{path}: is {name} text, expected UTF-8; save it as UTF-8")
    data = data.removeprefix(codecs.BOM_UTF8)
    if (at := data.find(b"\0")) >= 0:
        raise ValueError(f"{path}:{_line(data, at)}: a NUL character, expected text; is it UTF-16, or a binary file?")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{data[error.start]:02x}"
        raise ValueError(
            f"{path}:{_line(data, error.start)}: {byte} is not UTF-8 ({error.reason}); save the file as UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_lines(path: str | Path) -> Iterator[tuple[str, str]]:
    """Each line's place (`file:line`) and text; blank lines at the end are none. No lines at all is a `ValueError`."""
    lines = read_text(path).split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise ValueError(f"{path}: is empty, expected at least one line")
    for number, line in enumerate(lines, start=1):
        yield f"{path}:{number}", line


def parse_json(text: str, where: str) -> Any:
    """The value that a JSON text stands for; whatever is wrong with it is a `ValueError` that begins with `where`.

    Texts in it are texts: an escape of half a surrogate pair, which no file can hold, is refused as well.
    """
    try:
        value = json.loads(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if "\n" in text.rstrip() else f"column {error.colno}"
        raise ValueError(f"{where}: not valid JSON ({error.msg} at {place})") from error
    except UnicodeEncodeError as error:
        lone = f"\\u{ord(error.object[error.start]):04x}"
        raise ValueError(f"{where}: holds {lone}, half of a surrogate pair and no character by itself") from error
    except RecursionError as error:
        raise ValueError(f"{where}: not readable JSON (nested too deeply)") from error
    except ValueError as error:  # a number of too many digits
        raise ValueError(f"{where}: not readable JSON ({error})") from error
    return value


def read_json(path: str | Path) -> Any:
    """The value that a JSON file holds; errors as for `read_text` and `parse_json`."""
    return parse_json(read_text(path), str(path))


def json_lines(path: str | Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each line's place (`file:line`) and JSON object."""
    for where, line in read_lines(path):
        if not line.strip():
            raise ValueError(f"{where}: empty line, expected a JSON object")
        row = parse_json(line, where)
        if not isinstance(row, dict):
            raise ValueError(f"{where}: expected a JSON object, got {type(row).__name__}")
        yield where, row


def _line(data: bytes, at: int) -> int:
    """The number of the line that holds a byte, counted from 1."""
    return 1 + data.count(b"\n", 0, at)
