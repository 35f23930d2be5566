"""Where a plan's files are: patterns filled in, and what comes with steerlaw found under its name."""

from pathlib import Path

from numerics.files.text import json_lines
from real_models.texts.prompts import read_contexts, read_prompt_texts, read_texts, slug
from steerlaw.inputs.concept_files import read_pair
from steerlaw.plans.cell import Planned
from steerlaw.plans.plan import Plan

SHIPPED = "shipped:"
PRESETS = Path(__file__).parent / "presets"


def plan_file(name: str | Path) -> Path:
    """The file itself, or the plan of that name that comes with steerlaw (`embedded`, `presets/embedded.toml`)."""
    path = Path(name)
    if path.exists():
        return path
    known = {file.stem: file for file in sorted(PRESETS.glob("*.toml"))}
    if path.suffix in ("", ".toml") and path.stem in known and path.parent in (Path(), Path("presets")):
        return known[path.stem]
    raise FileNotFoundError(f"{path}: no such plan; expected a TOML file, or one of {', '.join(known)}")


def place(plan: Plan, path: str) -> Path:
    """A path of a plan as one of this machine; a `ValueError` for one that leads out of what is shipped."""
    if not path.startswith(SHIPPED):
        return plan.home / Path(path).expanduser()
    import toy_models

    home = Path(toy_models.__file__).parent
    found = (home / path.removeprefix(SHIPPED)).resolve()
    if not found.is_relative_to(home.resolve()):
        raise ValueError(f"{path}: leads out of the models that come with steerlaw")
    return found


def checkpoint(plan: Plan, model: str) -> str:
    """What to load a model from: a directory, or a hub id."""
    named = plan.models[model].checkpoint
    at = place(plan, named)
    return str(at) if named.startswith(SHIPPED) or at.is_dir() else named


def file_of(plan: Plan, cell: Planned, pattern: str) -> Path:
    """The file that a pattern names for a cell."""
    filled = pattern
    for name in ("model", "concept", "negatives"):
        filled = filled.replace(f"{{{name}}}", slug(getattr(cell, name)))
    return place(plan, filled.replace("{seed}", str(cell.seed)))


def vector_files(plan: Plan, cell: Planned) -> tuple[Path, Path]:
    """The files of the texts that build a cell's vector."""
    texts = plan.texts_of(cell.model)
    return file_of(plan, cell, texts.positive), file_of(plan, cell, texts.negative)


def vector_texts(plan: Plan, cell: Planned) -> tuple[list[str], list[str]]:
    """The texts that build a cell's vector: those with the concept, and those without."""
    positive, negative = vector_files(plan, cell)
    return read_texts(positive, "positive"), read_texts(negative, "negative")


def redrawn(plan: Plan, cell: Planned) -> bool:
    """Whether the texts of a cell's draw are to be drawn anew from those of the file, which is no draw of its own."""
    texts = plan.texts_of(cell.model)
    return cell.seed > 0 and not any("{seed}" in pattern for pattern in (texts.positive, texts.negative))


def contexts_of(plan: Plan, cell: Planned) -> list[str]:
    """The contexts that a cell is steered from: those without the concept, then those with it."""
    path = file_of(plan, cell, plan.texts_of(cell.model).contexts)
    rows = read_contexts(path, cell.concept)
    if cell.concept not in rows and slug(cell.concept) not in rows:
        raise ValueError(f"{path}: holds the concepts {sorted(rows)}, not {cell.concept!r}")
    return [*rows.get("negative", ()), *rows.get(cell.concept, rows.get(slug(cell.concept), ()))]


def prompts_of(plan: Plan, cell: Planned) -> list[str]:
    """What sampled texts continue: the plan's prompts, or the contexts without the concept."""
    texts = plan.texts_of(cell.model)
    if texts.prompts is not None:
        return read_prompt_texts(file_of(plan, cell, texts.prompts))
    path = file_of(plan, cell, texts.contexts)
    found = read_contexts(path, cell.concept).get("negative", [])
    if not found:
        raise ValueError(f"{path}: holds no contexts without the concept to continue; name `prompts` in the plan")
    return found


def log_odds_prompts(plan: Plan, cell: Planned) -> tuple[list[str], list[str]]:
    """The positive and negative prompts that measure log-odds, where the plan has any; never a control's."""
    pattern = plan.texts_of(cell.model).log_odds
    if pattern is None or cell.along != "vector":
        return [], []
    path = file_of(plan, cell, pattern)
    rows = [row for _, row in json_lines(path)]
    named = any(row.get("concept") == cell.concept for row in rows)
    return read_pair(path, cell.concept if named else None)
