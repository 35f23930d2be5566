"""The text: CPython's own standard library, as every CPython carries it, split by document into train and held-out.

A document is one source file (`code`), or one piece of documentation (`prose`): a `.txt`, `.rst` or `.html` file, or
one topic of `pydoc_data/topics.py`. Tests, installed packages, character tables and files written by the build are
left out. Whether a document is held out depends on its name alone.
"""

import ast
import hashlib
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

SUFFIXES: dict[str, Literal["code", "prose"]] = {".py": "code", ".txt": "prose", ".rst": "prose", ".html": "prose"}
LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "idle_test", "encodings", "lib-dynload", "__pycache__"}
BUILD_FILES = ("_sysconfigdata", "config-")
TOPICS = "pydoc_data/topics.py"
HELD_OUT_PER_THOUSAND = {"code": 40, "prose": 90}
SPLIT_SALT = 137  # fixed before any training: the held-out part then has enough prose and enough uppercase words


@dataclass(frozen=True, kw_only=True)
class Document:
    """One file or topic: its name (a path inside the standard library, `#topic` appended), register and text."""

    name: str
    kind: Literal["code", "prose"]
    text: str

    @property
    def held_out(self) -> bool:
        """Whether `sha256("salt:name") mod 1000` is below the register's share: other documents play no part."""
        number = int(hashlib.sha256(f"{SPLIT_SALT}:{self.name}".encode()).hexdigest(), 16)
        return number % 1000 < HELD_OUT_PER_THOUSAND[self.kind]


def documents(root: Path | None = None) -> list[Document]:
    """Every document of the standard library at `root` (default: the running Python's), sorted by name."""
    root = Path(sysconfig.get_path("stdlib")) if root is None else root
    found = sorted(_read(root), key=lambda document: document.name)
    if not found:
        raise FileNotFoundError(f"no standard library source under {root}: expected .py files there")
    return found


def split(corpus: Iterable[Document]) -> tuple[list[Document], list[Document]]:
    """`(train, held_out)`, each in the order given."""
    corpus = list(corpus)
    return [d for d in corpus if not d.held_out], [d for d in corpus if d.held_out]


def digest(corpus: Iterable[Document]) -> str:
    """sha256 over names and texts: two corpora with one digest are the same corpus."""
    total = hashlib.sha256()
    for document in corpus:
        total.update(hashlib.sha256(document.name.encode()).digest())
        total.update(hashlib.sha256(document.text.encode()).digest())
    return total.hexdigest()


def _read(root: Path) -> Iterator[Document]:
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        kind = SUFFIXES.get(path.suffix)
        if kind is None or not _wanted(name) or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n")
        if name == TOPICS:
            yield from (Document(name=f"{name}#{k}", kind="prose", text=v) for k, v in _topics(text).items())
        elif path.suffix == ".html":
            yield Document(name=name, kind="prose", text=_plain(text))
        elif text.strip():
            yield Document(name=name, kind=kind, text=text)


def _wanted(name: str) -> bool:
    parts = name.split("/")
    return LEFT_OUT.isdisjoint(parts) and not parts[0].startswith(BUILD_FILES)


def _topics(source: str) -> dict[str, str]:
    """The literal dictionary `topics = {...}`, read without executing it."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["topics"]:
            return ast.literal_eval(node.value)
    return {}


def _plain(html: str) -> str:
    """The text between the tags, outside scripts and styles, without runs of blank lines."""
    parser = _Text()
    parser.feed(html)
    lines = (line.rstrip() for line in "".join(parser.pieces).splitlines())
    return "\n".join(line for line in lines if line) + "\n"


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.hidden = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.pieces.append(data)
