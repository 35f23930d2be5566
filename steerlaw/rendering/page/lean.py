"""Figures drawn for paper, made light enough for a page that has to travel whole."""

import re

_COMMENT, _SPACE = re.compile(r"<!--.*?-->", re.S), re.compile(r"\s*\n\s*")
_ID, _USED = re.compile(r' id="([^"]*)"'), re.compile(r'(?:href="#|url\(#)([^")]*)')
_PATH, _DECIMALS = re.compile(r'(?<= d=")[^"]*'), re.compile(r"(\.\d\d)\d+")


def lean(svg: str) -> str:
    """The same picture without comments, ids that nothing points at, and more than two decimals of a point in paths."""
    svg = _SPACE.sub(" ", _COMMENT.sub("", svg))
    used = set(_USED.findall(svg))
    svg = _ID.sub(lambda found: found[0] if found[1] in used else "", svg)
    return _PATH.sub(lambda found: _DECIMALS.sub(r"\1", found[0]), svg).replace("> <", "><")
