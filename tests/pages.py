"""The code blocks of README, CONTRIBUTING, docs/ and examples/, as the tests of pages take them."""

import shlex
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/*.md")]
)
CATALOGUE = ROOT / "docs" / "laws.md"


@dataclass(frozen=True, kw_only=True)
class Block:
    """A code block; of an indented one the language is "indented". `marker`: the words of the comment right above."""

    page: Path
    line: int
    language: str
    text: str
    marker: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"


def name(page: Path) -> str:
    """A page as it is called in the repository."""
    return page.relative_to(ROOT).as_posix()


def source(path: str) -> Path:
    """A file of the project by its path in the repository; one of a package lies where that is imported from."""
    room, *rest = Path(path).parts
    spec = find_spec(room) if rest else None
    return Path(spec.origin).parent.joinpath(*rest) if spec is not None and spec.origin else ROOT / path


def blocks(page: Path) -> list[Block]:
    """Every code block of a page, in its order."""
    found, marker = [], ()
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "html_block":
            marker = tuple(token.content.strip().removeprefix("<!--").removesuffix("-->").split())
        elif token.type in ("fence", "code_block") and token.map:
            language = token.info.strip() if token.type == "fence" else "indented"
            line = token.map[0] + 1
            found.append(Block(page=page, line=line, language=language, text=token.content, marker=marker))
            marker = ()
        elif token.level == 0:
            marker = ()
    return found


def commands(block: Block) -> list[list[str]]:
    """The arguments of each `steerlaw` that a block of shell commands runs."""
    found = []
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        parts: list[list[str]] = [[]]
        for word in words:
            if set(word) <= set("&|;"):
                parts.append([])
            else:
                parts[-1].append(word)
        found += [part[1:] for part in parts if part[:1] == ["steerlaw"]]
    return found
