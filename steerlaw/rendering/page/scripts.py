"""The page's scripts, which are files beside this one: what a browser runs, and nothing from elsewhere.

`uplot/` is uPlot (https://github.com/leeoniya/uPlot, MIT licence) as it was released: `npm pack uplot@1.6.32`, of which
these files of `dist/` and the licence were taken.
"""

from importlib import resources


def script(name: str) -> str:
    """The text of one of them."""
    return resources.files("steerlaw.rendering.page").joinpath(name).read_text(encoding="utf-8")


def plots() -> str:
    """The library that draws, under its licence, which goes wherever it goes."""
    return f"/*\n{script('uplot/LICENSE')}\n*/\n{script('uplot/uPlot.iife.min.js')}"
