"""What `mkdocs build` needs beyond its plugins: pages from elsewhere, links into the repository, commands, mathematics.

Pages are written to be read in the repository, where a link may lead to any file. On the site, a link to a page leads
to that page, one to another file to a copy of it, one to a folder to nothing; one to what is not there ends the build.
"""

import os
import posixpath
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from steerlaw.commands import COMMANDS

ROOT = Path(__file__).parents[1]
ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/RESULTS.md": "benchmarks.md",
    "examples/README.md": "examples.md",
}
"""Pages outside of `docs/`, by their place in the repository: their place on the site."""
COMMANDS_PAGE = "reference/commands.md"
LINK = r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<to>[^()\s]+)\)"
FENCED, INDENTED, INLINE = (
    r"^(?P<fence>`{3,})[^\n]*\n.*?^(?P=fence)\s*$",
    r"^(?: {4}|\t)[^\n]*$",
    r"(?P<tick>`+).*?(?P=tick)",
)
LINK_OR_CODE = re.compile(f"{LINK}|{FENCED}|{INDENTED}|{INLINE}", re.MULTILINE | re.DOTALL)
OUTSIDE = re.compile(r"[a-z]+:|#")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Blocks of mathematics become MathML, which browsers set by themselves."""
    fences = [{"name": "math", "class": "math", "format": mathml}]
    config.mdx_configs["pymdownx.superfences"] = {"custom_fences": fences}
    return config


def mathml(source: str, *_: Any, **__: Any) -> str:
    """A block of LaTeX as MathML; what cannot be read as LaTeX is an error."""
    return f'<div class="math">{convert(source, display="block")}</div>'


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages from elsewhere, and every file that a page links to."""
    for place, page in ELSEWHERE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / place)))
    for file in list(files.documentation_pages()):
        for to in _links(file.content_string):
            place = _place(file, to)
            if (ROOT / place).is_file() and not files.get_file_from_path(_on_site(place)):
                files.append(File.generated(config, _on_site(place), abs_src_path=str(ROOT / place)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with its links as they are on the site; that of commands with every command."""
    if page.file.src_uri == COMMANDS_PAGE:
        markdown += "".join(map(command_section, COMMANDS))

    def on_site(found: re.Match[str]) -> str:
        if not _within(found):
            return found[0]
        path, mark, anchor = found["to"].partition("#")
        place = _place(page.file, path)
        if (ROOT / place).is_dir():
            return found["text"]
        if not (ROOT / place).is_file():
            raise PluginError(f"{page.file.abs_src_path}: there is nothing at {found['to']}")
        to = posixpath.relpath(_on_site(place), posixpath.dirname(page.file.src_uri) or ".")
        return f"{found['image']}[{found['text']}]({to}{mark}{anchor})"

    return LINK_OR_CODE.sub(on_site, markdown)


def command_section(name: str) -> str:
    """What `steerlaw NAME` does and its options, from its docstrings."""
    options = f"{{heading: steerlaw {name}, toc_label: {name}, heading_level: 2, show_signature: false}}"
    command = COMMANDS[name]
    return f"\n::: {command.__module__}.{command.__qualname__}\n    options: {options}\n"


def _within(found: re.Match[str]) -> bool:
    """Whether this is a link, and one within the repository but out of its page."""
    return bool(found["to"]) and not OUTSIDE.match(found["to"])


def _links(markdown: str) -> list[str]:
    """Where a page's links within the repository lead, without anchors."""
    return [found["to"].partition("#")[0] for found in LINK_OR_CODE.finditer(markdown) if _within(found)]


def _place(file: File, to: str) -> str:
    """What a page's link leads to, as a path from the root of the repository."""
    folder = Path(str(file.abs_src_path)).parent
    return posixpath.normpath(posixpath.relpath(os.path.join(folder, to), ROOT))


def _on_site(place: str) -> str:
    """Where a file of the repository is on the site."""
    return ELSEWHERE.get(place, place.removeprefix("docs/"))
