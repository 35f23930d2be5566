"""Tables in a terminal of any width: what is printed is whole, and what finds no room is named."""

import contextlib
import io
import os
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from steerlaw.rendering.console import Column, print_table

CELLS = st.text("ab1.[], é語", min_size=1, max_size=14).map(str.strip).filter(bool)
TITLES = st.text("xyz", min_size=1, max_size=10)


@given(data=st.data(), width=st.integers(60, 200), count=st.integers(1, 7), size=st.integers(1, 4))
def test_what_is_kept_is_whole_and_what_is_not_is_named(data, width, count, size):
    titles = data.draw(st.lists(TITLES, min_size=count, max_size=count, unique=True))
    columns = [Column(title, drop=n, right=bool(n % 2)) for n, title in enumerate(titles)]
    rows = [[data.draw(CELLS) for _ in columns] for _ in range(size)]
    printed = table(columns, rows, width)
    lines = printed.splitlines()
    said = next((n for n, line in enumerate(lines) if line.startswith("No room for ")), len(lines))
    lost = " ".join(lines[said:]).removeprefix("No room for ").partition(":")[0].split(", ")
    kept, body = [n for n, title in enumerate(titles) if title not in lost], lines[:said]
    assert 0 in kept
    assert all(cell_len(line) <= width for line in body)
    for n in kept:
        for row in rows:
            assert any(row[n] in line for line in body), (row[n], printed)


def table(columns: list[Column], rows: list[list[str]], width: int) -> str:
    """What is printed at a width."""
    out = io.StringIO()
    with mock.patch.dict(os.environ, {"COLUMNS": str(width)}), contextlib.redirect_stdout(out):
        print_table("t", columns, rows)
    return out.getvalue()
