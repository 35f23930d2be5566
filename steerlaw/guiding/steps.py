"""Findings of a run kept as they are made, so that a run that was left half-way goes on where it stopped."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numerics.files.atomic import write_atomically
from numerics.files.text import read_json


@dataclass(frozen=True, kw_only=True)
class Steps:
    """JSON findings in a directory, a file each, under the hash of everything that determines them."""

    directory: Path
    made_from: str

    def finding(self, name: str, make: Callable[[], Any]) -> Any:
        """What was found under the name if it was found from the same; else it is made, and kept whole or not at all.

        A file that cannot be read is made anew.
        """
        path = self.directory / f"{name}.json"
        try:
            kept = read_json(path)
        except (OSError, ValueError):
            kept = None
        if isinstance(kept, dict) and kept.get("made_from") == self.made_from and "found" in kept:
            return kept["found"]
        found = json.loads(json.dumps(make(), allow_nan=False))
        write_atomically(path, json.dumps({"made_from": self.made_from, "found": found}, indent=1))
        return found
