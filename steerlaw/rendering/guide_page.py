"""A guide's directory: the vectors in the formats of other programs, the answer as JSON, and the page."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path

import numpy as np
from jaxtyping import Float

from numerics.files.atomic import write_atomically
from real_models import write_vectors
from steerlaw.guiding.answer import Answer, percent
from steerlaw.guiding.blocks import Block
from steerlaw.guiding.settings import settings
from steerlaw.rendering.page.scrolled import scroll
from steerlaw.rendering.plain_text import printable

Vectors = Mapping[int, Float[np.ndarray, " d"]]


def write_guide(answer: Answer, vectors: Vectors, out: Path, *, model_hint: str) -> list[str]:
    """Vectors, guide.json and, last, guide.html; lines on what a format cannot hold."""
    metadata = {"model": answer.model, "model_hint": model_hint, "method": "means", "layer": answer.best.layer}
    notes = write_vectors(out / "vector.safetensors", vectors, metadata)
    gguf = out / "vector.gguf" if answer.best.layer else None
    if gguf is None:
        notes.append("no vector.gguf: llama.cpp and repeng cannot steer block 0")
    else:
        notes += write_vectors(gguf, {layer: v for layer, v in vectors.items() if layer}, metadata)
    write_atomically(out / "guide.json", json.dumps(answer.to_json(), ensure_ascii=False, allow_nan=False, indent=1))
    pasted = {}
    if answer.dose is not None:
        where = {"safetensors": out / "vector.safetensors", "gguf": gguf}
        pasted = settings(**where, layer=answer.best.layer, strength=answer.dose.strength)
    write_atomically(out / "guide.html", guide_page(answer, pasted))
    return notes


def guide_page(answer: Answer, pasted: Mapping[str, str]) -> str:
    """The HTML of guide.html: the answer, the model's own words at three strengths, settings, and the blocks."""
    style = resources.files("steerlaw.rendering").joinpath("page.css").read_text(encoding="utf-8")
    first, *rest = answer.lines
    body = (
        f"<h1>{_text(first)}</h1>" + "".join(f"<p>{_text(line)}</p>" for line in rest) + _concept(answer),
        _section("What the model says", _continuations(answer)),
        _section("Settings to paste", "".join(f"<h3>{_text(n)}</h3><pre>{escape(t)}</pre>" for n, t in pasted.items())),
        _section("The blocks, the best first", _blocks(answer.blocks)),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>steering {_text(answer.model)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def _text(text: str) -> str:
    return escape(printable(text))


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>" if content else ""


def _concept(answer: Answer) -> str:
    """The concept's probability at three strengths, as bars."""
    if answer.dose is None:
        return ""
    at = ("unsteered", "at half of it", f"at alpha = {answer.dose.strength:.4g}")
    rows = "".join(
        f'<tr><td>{name}</td><td><span class="bar"><i class="holds" style="width:{100 * share:.2f}%"></i></span></td>'
        f'<td class="n">{percent(share)}</td></tr>'
        for name, share in zip(at, answer.dose.concept, strict=True)
    )
    return f"<table><caption>The concept's probability, median over prompts</caption><tbody>{rows}</tbody></table>"


def _continuations(answer: Answer) -> str:
    if not answer.continuations:
        return ""
    rows = "".join(
        f'<tr><td class="n">{one.strength:.4g}</td><td>{_text(one.prompt)}<b>{_text(one.text)}</b></td></tr>'
        for one in answer.continuations
    )
    return f'<table><thead><tr><th class="n">alpha</th><th>text</th></tr></thead><tbody>{rows}</tbody></table>'


def _blocks(blocks: Sequence[Block]) -> str:
    heads = ("block", "held-out pairs", "gain, logits", "push for the budget", "tangent's reach", "beats random")
    cells = "".join(
        "<tr>"
        + "".join(
            f'<td class="n">{cell}</td>'
            for cell in (
                block.layer,
                f"{block.separation:.0%}",
                f"{block.gain:+.2f}",
                "" if block.push is None else f"{block.push:.2g}",
                "any" if block.tangent_push is None else f"{block.tangent_push:.2g}",
                f"{block.beats_directions:.0%}",
            )
        )
        + f"<td>{_text(block.why)}</td></tr>"
        for block in blocks
    )
    titles = "".join(f'<th class="n">{title}</th>' for title in heads)
    return (
        scroll(f"<table><thead><tr>{titles}<th>why</th></tr></thead><tbody>{cells}</tbody></table>", "blocks")
        + '<p class="soft">Held-out pairs: how often a text with the concept scores above one without it, on a vector '
        "made without either's own kind's text. Gain: to first order, by how much the budget raises the concept's "
        "logit. Push: alpha |v|/|h|. Tangent's reach: the push at which the logits have left their tangent by a tenth "
        "of what they moved. Beats random: on how many prompts the concept rises faster than along 95 % of all "
        "directions.</p>"
    )
