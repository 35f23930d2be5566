"""Arguments of `steerlaw sweep` on a tiny checkpoint."""

from typing import Any

STRENGTHS = "-3:2:10"
SEGMENT_TOKENS = 7
EVERYTHING = "next-token,cross-entropy,concept,log-odds"


def arguments(files, out, observe: Any = EVERYTHING, **changed):
    needed = {"cross-entropy": "text", "self-cross-entropy": "text", "concept": "words"}
    options = {name: getattr(files, name) for name in ("model", "vector", "contexts")}
    options |= {option: getattr(files, option) for kind, option in needed.items() if kind in observe.split(",")}
    if "log-odds" in observe.split(","):
        options["log-odds-prompts"] = files.prompts
    options |= {"observe": observe, "strengths": STRENGTHS, "segment-tokens": SEGMENT_TOKENS, "out": out} | changed
    return ["sweep", *(f"--{name}={value}" for name, value in options.items() if value is not None)]
