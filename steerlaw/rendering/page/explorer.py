"""The section of the page where a reader moves the strength and asks for any token: it computes in the browser.

The page carries each curve's nodes and, where they fit, the unembedding in half precision, so that every token of the
vocabulary is known at every strength; of larger models some tokens alone.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from zlib import compress

import numpy as np
from jaxtyping import Float

from steerlaw.rendering.page.scripts import plots, script
from steerlaw.rendering.plain_text import printable
from steerlaw.results.exploring.explored import Explored
from steerlaw.results.exploring.packing import SINGLE, Packed, halves_of_head, in_halves, in_table
from steerlaw.results.reaching.answers import place

OWN = ("curves.js", "chart.js", "explorer.js")
MOST_CURVES, OF_HEAD = 16, 0.75
"""Curves on a page; and of the room that is left the share that an unembedding may take."""
CONTROLS = (
    ("unit", "Horizontal", (("strength", "strength"), ("push", "push"), ("nats", "nats spent"))),
    ("scale", "Vertical", (("linear", "probability"), ("log", "log probability"))),
    ("prediction", "Predicted by", ()),
    ("tolerance", "Shaded within", (("0.1", "0.1 nat"), ("0.01", "0.01 nat"), ("0.5", "0.5 nat"))),
)
"""Choices: the name of each, its label, and the values it may take."""


@dataclass(eq=False)
class _Cargo:
    """What the page carries, as JSON; an array that several curves share is there once."""

    arrays: list[dict[str, str]] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=list)
    curves: list[dict[str, Any]] = field(default_factory=list)
    known: dict[bytes, int] = field(default_factory=dict)

    def array(self, values: Float[np.ndarray, "..."]) -> int:
        """The place of an array of half or single precision: its first bytes, its second ones, ..., deflated."""
        planes = values.reshape(-1, 1).view(np.uint8).T.tobytes()
        key = sha256(values.dtype.str.encode() + planes).digest()
        if key not in self.known:
            self.known[key] = len(self.arrays)
            data = b64encode(compress(planes, 9)).decode()
            self.arrays.append({"dtype": values.dtype.str[1:], "data": data})
        return self.known[key]

    def text(self) -> str:
        """As the content of a script element, which no text in it can end."""
        document = {"arrays": self.arrays, "models": self.models, "curves": self.curves}
        return json.dumps(document, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")

    @property
    def size(self) -> int:
        """Bytes of that text."""
        return len(self.text().encode())

    def with_curve(self, packed: Packed) -> "_Cargo":
        """The same and a curve of the last model."""
        grown = self._copy()
        grown.curves.append(_record(grown, packed, len(self.models) - 1))
        return grown

    def with_model(self, one: Explored, unembedding: Float[np.ndarray, "vocab d"] | None) -> "_Cargo":
        """The same and a model, with the texts of all its tokens where all can be asked for."""
        grown, head = self._copy(), one.curve.head
        model: dict[str, Any] = {"size": head.size, "cap": head.cap, "texts": [], "unembedding": None}
        if unembedding is not None:
            texts = [printable(text) for text in one.texts]
            model |= {"texts": texts, "unembedding": grown.array(unembedding)}
        grown.models.append(model)
        return grown

    def _copy(self) -> "_Cargo":
        return _Cargo([*self.arrays], [*self.models], [*self.curves], {**self.known})


def explorer_section(explored: Sequence[Explored], room: int) -> str:
    """The explorer in at most `room` bytes; nothing where no curve is known at all strengths, or none fits."""
    frame = _section() + _scripts()
    cargo, left = _Cargo(), room - len(frame.encode()) - 100
    for model in dict.fromkeys(one.model for one in explored):
        cargo = _loaded(cargo, [one for one in explored if one.model == model], left)
    if not cargo.curves:
        return ""
    data = f'<script type="application/json" id="explorer-data">{cargo.text()}</script>'
    return _section() + data + _scripts()


def _loaded(cargo: _Cargo, own: Sequence[Explored], room: int) -> _Cargo:
    """With one model's curves, as many as fit: with all tokens where `OF_HEAD` of the room holds its unembedding."""
    unembedding = halves_of_head(own[0])
    if unembedding is not None and unembedding.nbytes > 2 * room:  # nothing is worth deflating
        unembedding = None
    grown = cargo.with_model(own[0], unembedding)
    if grown.size > OF_HEAD * room + (1 - OF_HEAD) * cargo.size:
        unembedding, grown = None, cargo.with_model(own[0], None)
    cargo = grown
    for one in own[: MOST_CURVES - len(cargo.curves)]:
        packed = in_table(one) if unembedding is None else in_halves(one, unembedding)
        grown = cargo.with_curve(packed or in_table(one))
        if grown.size > room:
            break
        cargo = grown
    return cargo


def _record(cargo: _Cargo, packed: Packed, model: int) -> dict[str, Any]:
    one, curve, tokens = packed.explored, packed.explored.curve, packed.tokens
    some = slice(None) if tokens is None else list(tokens)
    where = place(one.model, one.concept, one.layer)
    pieces = [
        {"low": p.low, "high": p.high, "n": len(p.values), "values": cargo.array(p.values)} for p in packed.pieces
    ]
    return {
        "model": model,
        "name": f"{where}, context {one.context}",
        "prompt": printable(one.prompt),
        "continuations": [{"strength": said.strength, "text": printable(said.text)} for said in one.continuations],
        "push": one.push,
        "middle": curve.map.middle,
        "spread": curve.map.spread,
        "window": list(curve.window),
        "pieces": pieces,
        "tokens": None if tokens is None else list(tokens),
        "texts": [] if tokens is None or not one.texts else [printable(one.texts[token]) for token in tokens],
        "shown": list(one.shown),
        "log_probs": cargo.array(one.log_probs[some].astype(SINGLE)),
        "predictions": {name: cargo.array(odds[some].astype(SINGLE)) for name, odds in one.predictions.items()},
        "note": _note(packed),
    }


def _note(packed: Packed) -> str:
    """How well log-probabilities are known here, in words."""
    whose = "every token" if packed.tokens is None else f"{len(packed.tokens)} tokens"
    kind = "half precision" if packed.tokens is None else "interpolation"
    curve = packed.explored.curve
    return (
        f"{whose.capitalize()} at every strength: log-probabilities are those of the curve, itself known within "
        f"{curve.error:.1g} nats, to {packed.error:.1g} nats ({kind} on this page, measured)."
    )


def _section() -> str:
    controls = "".join(
        f'<label>{label} <select id="explorer-{name}">'
        + "".join(f'<option value="{value}">{text}</option>' for value, text in options)
        + "</select></label>"
        for name, label, options in CONTROLS
    )
    heads = "".join(f'<th scope="col" class="n">{text}</th>' for text in ("unsteered", "measured", "predicted"))
    return (
        "<noscript><p>The explorer needs JavaScript, which nothing else on this page does.</p></noscript>"
        '<div id="explorer-body" class="explorer" hidden>'
        "<p>Move the strength; ask for any token. Solid: measured under steering. Dashed: predicted from the "
        "unsteered model.</p>"
        '<p><label>Steered <select id="explorer-curve"></select></label></p>'
        '<p class="prompt"><span class="soft">After the prompt</span> <code id="explorer-prompt"></code></p>'
        f'<div class="controls">{controls}</div>'
        '<div id="explorer-chosen" class="chips" role="group" aria-label="tokens in the picture"></div>'
        '<div id="explorer-plot" role="img" aria-label="probabilities by strength"></div>'
        '<p><label class="slide">Strength <input id="explorer-strength" type="range"></label>'
        '<output id="explorer-where" for="explorer-strength"></output></p>'
        '<p class="prompt" id="explorer-says"><span class="soft" id="explorer-said-at"></span> '
        '<code id="explorer-said"></code></p>'
        '<p id="explorer-reach" class="soft" aria-live="polite"></p>'
        '<p><label>Search tokens <input id="explorer-search" type="search" autocomplete="off" spellcheck="false">'
        "</label> "
        '<span id="explorer-found" class="soft" role="status"></span></p>'
        '<div id="explorer-matches" class="chips" role="group" aria-label="tokens found"></div>'
        '<div class="scroll" tabindex="0" role="region" aria-label="tokens at this strength"><table>'
        f'<thead><tr><th scope="col">token</th>{heads}</tr></thead><tbody id="explorer-tokens"></tbody></table></div>'
        '<p id="explorer-state" class="soft" role="status"></p></div>'
    )


def _scripts() -> str:
    style = f"<style>{script('uplot/uPlot.min.css')}</style>"
    return style + "".join(f"<script>{text}</script>" for text in (plots(), *map(script, OWN)))
