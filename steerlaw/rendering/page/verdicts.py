"""The section of the page that has every law by claim on every model: it sorts, filters and folds controls away."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby

from numerics.judging.verdict import OUTCOMES
from steerlaw.rendering.page.pictures import curve_picture
from steerlaw.rendering.page.scrolled import scroll
from steerlaw.rendering.prose import in_unicode
from steerlaw.rendering.words import CONTROLS, departure, held
from steerlaw.results.derivations import Derivation
from steerlaw.results.judging import LOCAL
from steerlaw.results.lines import Line
from steerlaw.results.pictures import CurvePicture
from steerlaw.results.shares import LEVEL, Excess, interval

HEADS = (
    ("law", "law and claim", True),
    ("model", "model", True),
    ("outcome", "outcome", False),
    ("holds", "% holds", True),
    ("excess", "over random", False),
    ("best", "best curve", False),
    ("worst", "worst curve", True),
)
"""Columns: the name of each, its heading, and whether the table can be sorted by it."""

Pictures = Mapping[tuple[str, str, str, str], CurvePicture]
Proofs = Mapping[tuple[str, str], str]


def verdicts_section(
    lines: Sequence[Line], derivations: Iterable[Derivation] = (), pictures: Iterable[CurvePicture] = ()
) -> str:
    """A row a claim and model, its controls folded below it: shares, how it is proved, its best and its worst curve."""
    drawn = {(one.law, one.claim, one.model, one.which): one for one in pictures}
    proofs = {
        (record.id, claim): f"{record.status}, {proof.words}"
        for record in derivations
        for claim, proof in zip(record.claims, record.proofs, strict=True)
    }
    groups = [list(group) for _, group in groupby(lines, key=lambda line: (line.law, line.claim, line.model))]
    body = "".join(_group(group, drawn, proofs) for group in groups)
    heads = "".join(_head(*head) for head in HEADS)
    key = "".join(f'<span class="{v}"></span>{v.replace("_", " ")}' for v in OUTCOMES)
    table = f'<table id="verdicts" class="sticky"><thead><tr>{heads}</tr></thead>{body}</table>'
    return (
        f'{_controls()}<p class="key">{key}</p>{scroll(table, "verdicts, law by model")}'
        '<p class="soft">Shares are means over contexts, with 95 % intervals that hold whatever the distribution of '
        "contexts; <i>over random</i> is by how much a share exceeds that along a random direction on the same "
        "contexts. One direction tells no more than which of the two is higher: how a vector ranks among many is "
        "below. Claims are never pooled; of each law the weakest stands out. <i>Untested</i>: curves that hold, and "
        "would still hold if they moved twice as far or as far the other way. In the small pictures the strength runs "
        "to the right; where the claim holds is shaded, and rings are the fewest points that show a departure.</p>"
    )


def _controls() -> str:
    """What works the table; shown by the script that does."""
    outcomes = "".join(f'<option value="{value}">{text}</option>' for value, text in _SHOWN)
    return (
        '<div id="verdicts-controls" class="controls" hidden>'
        '<label>Filter <input id="verdicts-filter" type="search" placeholder="law, claim or model"></label>'
        f'<label>Show <select id="verdicts-outcome">{outcomes}</select></label>'
        '<label><input id="verdicts-nulls" type="checkbox"> controls</label>'
        '<span id="verdicts-count" class="soft" role="status"></span></div>'
    )


_SHOWN = (
    ("", "every outcome"),
    ("departs", "what departs"),
    ("holds", "what holds everywhere"),
    ("undecided", "what is undecided"),
    ("untested", "what is untested"),
)


def _head(name: str, text: str, sorts: bool) -> str:
    inner = f'<button type="button" class="sort" data-sort="{name}">{text}</button>' if sorts else text
    return f'<th scope="col" class="{"n" if name in ("holds", "excess") else ""}">{inner}</th>'


def _group(lines: Sequence[Line], drawn: Pictures, proofs: Proofs) -> str:
    """A model's line and those of its controls, which stay together however the table is sorted."""
    first = lines[0]
    judged = [v for v in OUTCOMES[:3] if first.counts[v]]
    tags = [*judged, *(["untested"] if first.untested else [])]
    tags = ["only-holds" if tag == "holds" and judged == ["holds"] else tag for tag in tags]
    share = -1.0 if first.shares is None else first.shares["holds"]
    worst = -1.0
    if first.worst is not None and first.worst.verdict.departure is not None:
        worst = first.worst.verdict.departure / max(first.worst.verdict.tolerance, 1e-300)
    data = (
        f'data-law="{escape(first.law)}" data-model="{escape(first.model)}" data-holds="{share}" data-worst="{worst}"'
    )
    rows = "".join(_row(line, drawn, proofs) for line in lines)
    return f'<tbody {data} data-tags="{" ".join(tags)}">{rows}</tbody>'


def _row(line: Line, drawn: Pictures, proofs: Proofs) -> str:
    total = sum(line.counts.values())
    bar = "".join(f'<i class="{v}" style="width:{100 * line.counts[v] / total:.3f}%"></i>' for v in OUTCOMES)
    counts = ", ".join(f"{v.replace('_', ' ')} {line.counts[v]:,}" for v in OUTCOMES if line.counts[v])
    best, worst = (drawn.get((line.law, line.claim, line.model, which)) for which in ("best", "worst"))
    pictured = ["" if one is None or line.control else curve_picture(one) for one in (best, worst)]
    words = f"<div>{escape(departure(line.worst))}</div>" if line.worst is not None else ""
    return (
        f'<tr class="{"control-row" if line.control else "first"}">'
        f'<th scope="row" class="law">{_law(line, proofs)}</th>'
        f'<td class="model">{_model(line)}</td>'
        f'<td><span class="bar" aria-hidden="true">{bar}</span><div class="soft">{counts}</div></td>'
        f'<td class="n">{held(line)}</td><td class="n">{_excess(line.excess)}</td>'
        f'<td>{pictured[0]}</td><td class="worst">{pictured[1]}{words}</td></tr>'
    )


def _law(line: Line, proofs: Proofs) -> str:
    """The law, linked to its statement, and the claim, of the model itself: the weakest of its law stands out."""
    if line.control:
        return ""
    vacuous = f" Untested on {line.untested:,} curves." if line.untested else ""
    text = f"{escape(in_unicode(line.claim))}.{vacuous}"
    proof = proofs.get((line.law, line.claim.removesuffix(LOCAL)))
    said = "" if proof is None else f'<div class="soft">derivation {escape(proof)}</div>'
    claim = f'<div class="{"claim" if line.weakest else "soft"}">{text}</div>'
    return f'<a href="#law-{escape(line.law)}">{escape(line.law)}</a>{claim}{said}'


def _excess(excess: Excess | None) -> str:
    if excess is None:
        return ""
    text = interval(excess.share, "+")
    return f"<b>{text}</b>" if excess.adjusted <= LEVEL else text


def _model(line: Line) -> str:
    return f'<span class="control">{escape(CONTROLS[line.control])}</span>' if line.control else escape(line.model)
