"""Long LaTeX formulas broken into lines: before relations, plus and minus signs that stand in no bracket.

A line that is still too long, such as one long fraction, shrinks to the width of the page.
"""

import re

WIDTH = 42
"""How many letters wide a line may be: beside its number, in a list, on a one-column page of 10 points."""

_TOKENS = re.compile(r"\\left\b|\\right\b|\\begin\{\w+\*?\}|\\end\{\w+\*?\}|\\[a-zA-Z]+|\\.|[{}]|\s+|.", re.DOTALL)
_OPENS = re.compile(r"\\left\b|\\begin\{|[{(\[]")
_CLOSES = re.compile(r"\\right\b|\\end\{|[})\]]")
_RELATIONS = {"=", "<", ">", r"\leq", r"\geq", r"\le", r"\ge", r"\neq", r"\wedge", r"\vee"}
_SIGNS = {"+", "-"}
_NARROW = re.compile(
    r"\\(?:left|right|displaystyle|limits|quad)\b\.?|\\(?:operatorname|mathbb|mathrm|text|bar|overline|tfrac|frac|sqrt)\b|[{}\s]"
)


def broken(formula: str) -> str:
    """The formula as the rows of a `split`: one where it fits; else each side of a relation begins a row."""
    if width(formula) <= WIDTH:
        return f"&{formula}"
    rows: list[str] = []
    for piece in pieces(formula):
        related = piece.lstrip().startswith(tuple(_RELATIONS))
        if rows and not related and width(rows[-1]) + width(piece) <= WIDTH - 2:
            rows[-1] += piece
        else:
            rows.append(piece)
    return " \\\\\n&\\quad ".join(["&" + _fitted(rows[0]), *map(_fitted, rows[1:])])


def pieces(formula: str) -> list[str]:
    """The formula cut before every relation and sign at its outermost level; joined they are the formula."""
    depth, found, binary = 0, [""], False
    for token in _TOKENS.findall(formula):
        if depth == 0 and (token in _RELATIONS or (token in _SIGNS and binary)):
            found.append("")
        found[-1] += token
        depth += bool(_OPENS.match(token)) - bool(_CLOSES.match(token))
        if not token.isspace():
            binary = token not in _RELATIONS | _SIGNS
    return [piece for piece in found if piece.strip()]


def width(formula: str) -> float:
    """About how wide a formula prints, in letters: of a fraction the wider part, of scripts two thirds."""
    formula = re.sub(r"\\begin\{\w+\*?\}|\\end\{\w+\*?\}", "", formula)
    while (fraction := _innermost_fraction(formula)) is not None:
        start, end, wider = fraction
        formula = formula[:start] + wider + formula[end:]
    small = sum(len(_seen(script)) for script in re.findall(r"[_^]\{([^{}]*)\}", formula))
    return len(_seen(formula)) - small / 3


def _innermost_fraction(formula: str) -> tuple[int, int, str] | None:
    found = None
    for start in (m.start() for m in re.finditer(r"\\t?frac\{", formula)):
        over, after = _group(formula, formula.index("{", start))
        under, end = _group(formula, after)
        found = start, end, max(over, under, key=lambda part: len(_seen(part)))
    return found


def _group(formula: str, at: int) -> tuple[str, int]:
    """What stands in the braces that open at a place, and where they have closed."""
    depth = 0
    for end in range(at, len(formula)):
        depth += (formula[end] == "{") - (formula[end] == "}")
        if depth == 0:
            return formula[at + 1 : end], end + 1
    raise AssertionError("unbalanced braces")


def _seen(formula: str) -> str:
    """The formula with a letter for each that prints: named functions whole, signs and relations with their spaces."""
    formula = re.sub(r"\\(log|exp|max|min|lim|tanh|cosh|atan|sin|cos|tan)\b", r"\1", _NARROW.sub("", formula))
    formula = re.sub(r"[-+=<>]|\\(?:leq|geq|le|ge|to|neq)\b", "xx", formula)
    return re.sub(r"\\[a-zA-Z]+|\\.", "x", formula).replace("_", "").replace("^", "")


def _fitted(row: str) -> str:
    if width(row) <= WIDTH:
        return row
    box = r"\ifdim\width>0.85\linewidth 0.85\linewidth\else\width\fi"
    return rf"\resizebox{{{box}}}{{!}}{{$\displaystyle {row.strip()}$}}"
