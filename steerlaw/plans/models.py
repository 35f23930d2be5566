"""Models of a plan, loaded once by each process that measures."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from real_models import LanguageModel, load_model


class Loaded:
    """The models of one checkpoint, in the dtypes that were asked for; those of another one make room for it."""

    def __init__(self) -> None:
        self.checkpoint: str | None = None
        self.models: dict[str, LanguageModel] = {}

    def load(self, checkpoint: str, name: str, dtype: str = "float32") -> LanguageModel:
        """The model of a checkpoint under a plan's own name for it."""
        if checkpoint != self.checkpoint:
            self.models.clear()
            self.checkpoint = checkpoint
        if dtype not in self.models:
            self.models[dtype] = load_model(checkpoint, dtype=dtype)
        return replace(self.models[dtype], name=name)


LOADED = Loaded()
"""Of this process."""


@lru_cache(maxsize=1)
def judge_model(checkpoint: str) -> Any:
    """The judge, which stays while the models that it judges come and go."""
    return load_model(checkpoint)
