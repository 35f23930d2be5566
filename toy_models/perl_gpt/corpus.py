"""The text: Perl's own library, as Debian carries it, split by document into train and held-out.

A file `.pm`, `.pl` or `.pod` is up to two documents: its code (`code`), and its documentation, the paragraphs between
`=command` and `=cut` (`prose`). Tables of characters and of versions are left out. Whether a document is held out
depends on its name alone, by the rule of `toy_models.stdlib_gpt.corpus`.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from toy_models.stdlib_gpt.corpus import Document

SUFFIXES = {".pm", ".pl", ".pod"}
LEFT_OUT = {"unicore", "Collate", "CoreList", "CoreList.pm", "Locale", "t"}
DOCUMENTATION = re.compile(r"^=[a-zA-Z].*?(?:^=cut\b[^\n]*\n?|\Z)", re.MULTILINE | re.DOTALL)
PEOPLE = re.compile(
    r"^=head1 (?:AUTHORS?|MAINTAINERS?|CREDITS?|ACKNOWLEDGE?MENTS?|COPYRIGHT)\b.*?(?=^=|\Z)", re.M | re.S
)
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def library() -> Path:
    """Where the running Perl keeps its library; a `FileNotFoundError` where there is no Perl."""
    ask = ["perl", "-MConfig", "-e", "print $Config{privlibexp}"]
    try:
        return Path(subprocess.run(ask, check=True, capture_output=True, text=True).stdout)
    except (OSError, subprocess.CalledProcessError) as error:
        raise FileNotFoundError(f"perl: expected a Perl that names its library, got {error}; install perl") from None


def documents(root: Path | None = None) -> list[Document]:
    """Every document of the library at `root` (default: the running Perl's), sorted by name."""
    root = library() if root is None else root
    found = sorted(_read(root), key=lambda document: document.name)
    if not found:
        raise FileNotFoundError(f"no Perl source under {root}: expected .pm files there; install perl-modules")
    return found


def _read(root: Path) -> Iterator[Document]:
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.suffix not in SUFFIXES or not LEFT_OUT.isdisjoint(name.split("/")) or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n")
        text = ADDRESS.sub("user@example.org", text)
        prose = PEOPLE.sub("", "\n".join(match.group() for match in DOCUMENTATION.finditer(text)))
        code = DOCUMENTATION.sub("", text)
        if prose.strip():
            yield Document(name=f"{name}#pod", kind="prose", text=prose)
        if code.strip():
            yield Document(name=name, kind="code", text=code)
