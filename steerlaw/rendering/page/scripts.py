"""The page's own scripts, which are files beside this one: what a browser runs, and nothing from elsewhere."""

from importlib import resources


def script(name: str) -> str:
    """The text of one of them."""
    return resources.files("steerlaw.rendering.page").joinpath(name).read_text(encoding="utf-8")
