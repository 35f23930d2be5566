"""What long work is doing is told on stderr, where it is piped by a line a phase; short work says nothing."""

import io
import time

import pytest

from steerlaw.rendering import progress
from steerlaw.rendering.progress import phase, progress_bar


class Terminal(io.StringIO):
    """A stream that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(progress, "QUIET", 0.1)
    monkeypatch.setattr(progress, "EVERY", 0.3)


def wait_for(stream: io.StringIO, lines: int) -> list[str]:
    deadline = time.monotonic() + 20
    while stream.getvalue().count("\n") < lines and time.monotonic() < deadline:
        time.sleep(0.01)
    return stream.getvalue().splitlines()


def test_long_phases_are_told_again_and_again(hasty, monkeypatch):
    monkeypatch.setattr("sys.stderr", stream := io.StringIO())
    with progress_bar() as bar:
        for n in bar.track(range(3), description="counting \x1b[1m"):
            lines = wait_for(stream, n + 1)
    assert lines[0].startswith(r"steerlaw: counting \x1b[1m: ")
    assert lines[-1].startswith(r"steerlaw: counting \x1b[1m: 2 of 3, after ")
    told = len(lines)
    time.sleep(0.5)
    assert len(stream.getvalue().splitlines()) == told


def test_a_phase_that_is_over_is_told_no_more(hasty, monkeypatch):
    monkeypatch.setattr("sys.stderr", stream := io.StringIO())
    with progress_bar() as bar:
        list(bar.track(range(3), description="first"))
        list(bar.track(map(time.sleep, [0.3, 0.6]), total=2, description="second"))
    assert {line.split()[1] for line in stream.getvalue().splitlines()} == {"second:"}


def test_a_phase_of_unknown_length(hasty, monkeypatch):
    monkeypatch.setattr("sys.stderr", stream := io.StringIO())
    with phase("reading the model"):
        lines = wait_for(stream, 1)
    told = len(lines)
    assert lines[0].startswith("steerlaw: reading the model, after ")
    time.sleep(0.5)
    assert len(stream.getvalue().splitlines()) == told


def test_short_work_says_nothing(monkeypatch):
    monkeypatch.setattr("sys.stderr", stream := io.StringIO())
    with progress_bar() as bar:
        list(bar.track(range(100), description="counting"))
    assert stream.getvalue() == ""


def test_a_terminal_sees_bars_without_markup(hasty, monkeypatch):
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    with progress_bar() as bar:
        list(bar.track(range(3), description="[/INST] counting"))
    assert "[/INST] counting" in stream.getvalue()
    assert "steerlaw: " not in stream.getvalue()
