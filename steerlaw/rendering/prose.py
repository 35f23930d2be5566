"""Sentences with a formula in them, such as `E_alpha[M] -> M_max as alpha -> +oo`, for a terminal and for LaTeX."""

import re

_NAMES = "alpha beta gamma delta epsilon eta kappa lambda mu nu pi rho sigma tau"
_GREEK: dict[str, str] = dict(zip(_NAMES.split(), "αβγδεηκλμνπρστ", strict=True))
_SIGNS = {"<=": ("≤", r"\le"), ">=": ("≥", r"\ge"), "->": ("→", r"\to"), "oo": ("∞", r"\infty")}
_FUNCTIONS = ("Var", "Cov")
_NAME = rf"(?:{'|'.join((*_GREEK, *_FUNCTIONS))}|[A-Za-z])"
_POWER = r"\^(?:-?\w+|\([^()]*\)|\{[^{}]*\})"
_MATHS = re.compile(
    rf"(?P<sign><=|>=|->|(?<![a-z])oo\b)|\bsqrt ?(?P<root>\d+|\(\d+\))"
    rf"|\b(?P<name>{_NAME})(?P<sub>_(?:{'|'.join(_GREEK)}|\w+))?(?P<power>{_POWER})?(?![\w'])|(?P<after>{_POWER})"
)
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
}
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def in_unicode(text: str) -> str:
    """Greek letters, relations, roots and powers as Unicode has them; the rest as it stands."""

    def shown(found: re.Match[str]) -> str:
        if found["sign"]:
            return _SIGNS[found["sign"]][0]
        if found["root"]:
            return f"√{found['root'].strip('()')}"
        name, sub = found["name"] or "", found["sub"] or ""
        power = found["power"] or found["after"] or ""
        raised = power[1:].translate(_SUPERSCRIPTS) if power[1:].lstrip("-").isdigit() else power
        return _GREEK.get(name, name) + ("_" + _GREEK.get(sub[1:], sub[1:]) if sub else "") + raised

    return _MATHS.sub(shown, text)


def in_latex(text: str) -> str:
    """The same for LaTeX (amsmath): formulas between dollars, special characters escaped."""
    parts, at = [], 0
    for found in _MATHS.finditer(text):
        parts += [_escaped(text[at : found.start()]), _formula(found)]
        at = found.end()
    return "".join([*parts, _escaped(text[at:])])


def _formula(found: re.Match[str]) -> str:
    if found["sign"]:
        return f"${_SIGNS[found['sign']][1]}$"
    if found["root"]:
        return rf"$\sqrt{{{found['root'].strip('()')}}}$"
    name, sub, power = found["name"] or "", found["sub"] or "", found["power"] or found["after"] or ""
    if name in _FUNCTIONS:
        return rf"$\operatorname{{{name}}}_{{{_letter(sub[1:])}}}$" if sub else name
    if name and not sub and not power and name not in _GREEK:
        return _escaped(found[0])
    subscript = rf"\{sub[1:]}" if sub[1:] in ("max", "min") else _letter(sub[1:])
    raised = power[1:].strip("(){}")
    return f"${_letter(name)}{f'_{{{subscript}}}' if sub else ''}{f'^{{{raised}}}' if power else ''}$"


def _letter(name: str) -> str:
    return f"\\{name}" if name in _GREEK else name


def _escaped(text: str) -> str:
    return "".join(_ESCAPED.get(c, f"\\{c}" if c in "&%$#_{}" else c) for c in text)
