"""report.json, as `steerlaw compare` reads it, and the findings that `steerlaw guide` keeps."""

import json
import random
from pathlib import Path

from fuzz.reader import Reader
from steerlaw.guiding.steps import Steps
from steerlaw.inputs.report_file import read_report


def make_report(home: Path, draw: random.Random) -> Path:
    """A few verdicts on a model and on a control."""
    verdicts = [
        {
            "law": draw.choice(["tilt", "token_bump"]),
            "claim": f"claim {n}",
            "subject": {"model": "m", "control": draw.choice([None, "random_direction"]), "layer": n, "quantity": "q"},
            "verdict": draw.choice(["holds", "departs", "undecided", "not_applicable"]),
            "counts": {"holds": draw.randrange(9), "departs": 1, "undecided": 0, "not_applicable": 2},
        }
        for n in range(draw.randrange(1, 6))
    ]
    path = home / "report.json"
    path.write_text(
        json.dumps({"schema": 1, "run": {"dtype": "float32", "versions": {"jax": "1"}}, "verdicts": verdicts})
    )
    return path


def make_finding(home: Path, draw: random.Random) -> Path:
    """One kept finding."""
    Steps(directory=home, made_from="x").finding("blocks", lambda: [draw.random() for _ in range(4)])
    return home / "blocks.json"


READERS = {
    "report": Reader(make=make_report, read=read_report),
    "finding": Reader(
        make=make_finding,
        read=lambda path: Steps(directory=path.parent, made_from="y").finding(path.stem, lambda: None),
    ),
}
