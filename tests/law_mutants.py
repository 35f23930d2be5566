"""Small changes of a law's file, one at a time: what a slip of the pen would make of its syntax tree."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

TEXTS = {"Symbol", "symbols", "IndexedBase"}
"""Calls whose strings are names, not sentences."""
PARTS = {"strict", "some", "given", "taylor", "where", "condition", "domain", "turn", "remainder", "lower", "upper"}
PARTS |= {"derivative", "claim", "probabilities", "log_odds", "token", "concept", "in_target", "limits"}
PARTS |= {"limit_strength", "window"}
"""Keywords that have a default, which a slip may fall back to."""
FORMULAS = {"lhs", "rhs", "smaller", "larger", "certificate", "expr", "value", "point", "values", "remainder", "turn"}
FORMULAS |= {"lower", "upper"}
SWAPPED = [("lhs", "rhs"), ("smaller", "larger"), ("expr", "value"), ("lower", "upper"), ("value", "remainder")]
SIGNS = {"positive": "real", "nonnegative": "real", "real": "positive"}


def both_ways(pairs: str) -> dict[str, str]:
    rows = [pair.split("/") for pair in pairs.split()]
    return {one: other for row in rows for one, other in (row, row[::-1])}


ZERO = {"sp.S.Zero", "zero"}
"""What a sign does not change."""
NAMES = both_ways(
    "M_max/M_min C_max/C_min out_max/out_min M_second/M_second_last Top/Bottom ConceptCumulant/OutsideCumulant"
    " token_a/token_b limit_plus/limit_minus KL_FORWARD/KL_REVERSE cgf/tilted_mean P/N p/r norm_h/norm_v"
    " norm_c/norm_e a/b i/k V/J OtherCumulant/JointCumulant"
) | {"tilted_variance": "tilted_mean", "T": "C", "C": "T", "M_other": "M", "M_local": "M", "PERFECT": "AFFINE"}
ATTRIBUTES = both_ways("Zero/One sin/cos And/Or Gt/Ge Lt/Le") | {"tanh": "sin", "open": "Lopen"}
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
}

Edit = tuple[str, ast.AST, dict[str, Any]]
"""What is changed, in which node, and the node's changed fields."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A changed law file, compiled; `what` was changed at `line`."""

    line: int
    what: str
    code: CodeType


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a file."""
    tree = ast.parse(source)
    for what, node, fields in list(_edits(tree)):
        kept = {name: getattr(node, name) for name in fields}
        vars(node).update(fields)
        code = compile(ast.fix_missing_locations(tree), "<mutant>", "exec")
        vars(node).update(kept)
        yield Mutant(line=getattr(node, "lineno", 0), what=what, code=code)


def _edits(tree: ast.Module) -> Iterator[Edit]:
    left_alone = {id(part) for node in ast.walk(tree) for part in _not_mutated(node)}
    for node in ast.walk(tree):
        if id(node) not in left_alone:
            yield from ((what, node, fields) for what, fields in _changes(node))


def _not_mutated(node: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, names of symbols, indices of arrays, annotations, ids and SymPy's own switches."""
    match node:
        case ast.Expr(value=ast.Constant() as text):
            yield text
        case ast.Call(func=ast.Attribute(attr=name), args=args) if name in TEXTS:
            yield from (part for arg in args for part in ast.walk(arg))
        case ast.Subscript(slice=ast.Tuple() as indices):
            yield indices
        case ast.FunctionDef(returns=ast.AST() as annotation) | ast.AnnAssign(annotation=annotation):
            yield from ast.walk(annotation)
        case ast.keyword(arg=name, value=ast.Constant() as value) if name in {"id", "evaluate", "first", *SIGNS}:
            yield value


def _changes(node: ast.AST) -> Iterator[tuple[str, dict[str, Any]]]:
    match node:
        case ast.List(elts=parts, ctx=ast.Load()) | ast.Tuple(elts=parts, ctx=ast.Load()):
            for n, part in enumerate(parts):
                yield f"drop {_short(part)}", {"elts": parts[:n] + parts[n + 1 :]}
        case ast.Expr(value=ast.Call() as call):
            yield f"drop {_short(call)}", {"value": ast.Constant(None)}
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            for other in COMPARISONS[type(op)]:
                yield f"{_short(node)} with {other.__name__}", {"ops": [other()]}
        case ast.BinOp(op=ast.Add() | ast.Sub() as op):
            yield f"other sign in {_short(node)}", {"op": ast.Add() if isinstance(op, ast.Sub) else ast.Sub()}
            if isinstance(op, ast.Sub):
                yield f"turn round {_short(node)}", {"left": node.right, "right": node.left}
        case ast.BinOp(op=ast.Div()):
            yield f"turn round {_short(node)}", {"left": node.right, "right": node.left}
        case ast.UnaryOp(op=ast.USub()):
            yield f"no minus in {_short(node)}", {"op": ast.UAdd()}
        case ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
            yield f"{name} -> {NAMES[name]}", {"id": NAMES[name]}
        case ast.Attribute(attr=name) if name in ATTRIBUTES:
            yield f"{name} -> {ATTRIBUTES[name]}", {"attr": ATTRIBUTES[name]}
        case ast.Constant(value=bool() as value):
            yield f"{value} -> {not value}", {"value": not value}
        case ast.Constant(value=int() | float() as value):
            yield f"{value} -> {value + 1}", {"value": value + 1}
        case ast.Constant(value=str() as text) if text.strip():
            yield f"a word of {text[:40]!r}", {"value": _other_word(text)}
        case ast.keyword():
            yield from _of_a_keyword(node)
        case ast.Call(keywords=keywords) if keywords:
            yield from _of_keywords(keywords)


def _of_a_keyword(node: ast.keyword) -> Iterator[tuple[str, dict[str, Any]]]:
    if node.arg in FORMULAS and ast.unparse(node.value) not in ZERO:
        yield f"other sign of {node.arg}", {"value": ast.UnaryOp(ast.USub(), node.value)}
    if node.arg in SIGNS and isinstance(node.value, ast.Constant):
        yield f"{node.arg} -> {SIGNS[node.arg]}", {"arg": SIGNS[node.arg]}
    if node.arg == "first" and isinstance(node.value, ast.Constant):
        other = "falling" if node.value.value == "rising" else "rising"
        yield f"first {node.value.value} -> {other}", {"value": ast.Constant(other)}


def _of_keywords(keywords: list[ast.keyword]) -> Iterator[tuple[str, dict[str, Any]]]:
    for n, keyword in enumerate(keywords):
        if keyword.arg in PARTS:
            yield f"drop {keyword.arg}", {"keywords": keywords[:n] + keywords[n + 1 :]}
    given = {keyword.arg: keyword for keyword in keywords}
    for one, other in SWAPPED:
        if one in given and other in given:
            exchanged = {one: other, other: one}
            swapped = [ast.keyword(exchanged.get(part.arg or "", part.arg), part.value) for part in keywords]
            yield f"exchange {one} and {other}", {"keywords": swapped}


def _other_word(text: str) -> str:
    """The text with its middle word changed."""
    words = text.split(" ")
    at = min((n for n, word in enumerate(words) if word), key=lambda n: abs(n - len(words) // 2))
    return " ".join([*words[:at], words[at] + "x", *words[at + 1 :]])


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return f"`{text if len(text) < 48 else text[:45] + '...'}`"
