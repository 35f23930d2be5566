"""Accuracy on tasks against the strength, as a file: the paper's code's own layout, and more beside it."""

import json
from pathlib import Path
from typing import Any

from numerics.files.atomic import write_atomically
from real_models.ability.tasks import Ability


def ability_document(ability: Ability, level: float, **known: Any) -> dict[str, Any]:
    """`alphas`, `overall_scores` and `task_scores` as the reference implementation names them; `known` goes with them.

    Beside them bounds, at all strengths together at the `level`, for the change of `overall_scores` from strength 0.
    """
    lower, upper = ability.change(level)
    return {
        "alphas": ability.strengths.tolist(),
        "overall_scores": ability.overall.tolist(),
        "task_scores": {name: scores.tolist() for name, scores in ability.task_scores.items()},
        "questions": {name: each.shape[1] for name, each in ability.outcomes.items()},
        "metric": ability.metric,
        "level": level,
        "change_lower": lower.tolist(),
        "change_upper": upper.tolist(),
        **known,
    }


def write_ability(path: Path, document: dict[str, Any]) -> None:
    """Write the document as JSON, whole or not at all."""
    write_atomically(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
