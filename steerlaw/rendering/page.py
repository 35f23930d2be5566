"""The report as one self-contained page: no script, no font, no picture from elsewhere."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from numerics.judging.verdict import OUTCOMES
from steerlaw.report import CONTROLS, amount, where
from steerlaw.results.findings import ROWS
from steerlaw.results.shares import LEVEL, Excess, Holding, interval

if TYPE_CHECKING:
    from steerlaw.rendering.figures import Drawn
    from steerlaw.report import Line, Report


HEADS = {"undecided": "undec.", "not_applicable": "n/a"}


def page(report: "Report", figures: Sequence["Drawn"]) -> str:
    """The HTML of report.html: summary, departures, figures, derivations and the record of the run."""
    style = resources.files("steerlaw.rendering").joinpath("page.css").read_text()
    body = "".join(
        (
            _header(report),
            "".join(map(_figure, figures[:1])),
            _section("summary", "Verdicts, law by model", _summary(report)),
            _section("findings", "What the paper saw, block by block", _findings(report)),
            _section("departures", "The largest departures", _departures(report)),
            _section("quantities", "Predicted against observed", _quantities(report)),
            _section("figures", "Figures", "".join(map(_figure, figures[1:]))),
            _section("derivations", "Derivations", _derivations(report.derivations)),
            _section("run", "Record of the run", _run(report.run)),
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>steerlaw report</title><style>{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def _section(anchor: str, title: str, content: str) -> str:
    return f'<section id="{anchor}"><h2>{escape(title)}</h2>{content}</section>'


def _header(report: "Report") -> str:
    anchors = ("summary", "findings", "departures", "quantities", "figures", "derivations", "run")
    links = "".join(f'<a href="#{a}">{a}</a>' for a in anchors)
    return (
        "<h1>Do the laws of activation steering hold?</h1>"
        f'<p class="soft">{escape(report.derivation_line)} Run {escape(report.run["started"])}.</p>'
        "<p>Each law was derived and checked, evaluated from what is known before steering, and compared with curves "
        "observed under steering. <b>Departs</b> means that no curve within the error band obeys the law; "
        "<b>holds</b> that every curve within it does, up to the stated tolerance. The controls steer along a random "
        "direction of equal norm, or permute the log-odds over the tokens: what a law scores there, it scores with no "
        "concept at all.</p>"
        f"<nav>{links}</nav>"
    )


def _summary(report: "Report") -> str:
    rows, previous = [], None
    for line in report.table():
        total = sum(line.counts.values())
        bar = "".join(f'<i class="{v}" style="width:{100 * line.counts[v] / total:.3f}%"></i>' for v in OUTCOMES)
        numbers = "".join(f'<td class="n">{line.counts[v]:,}</td>' for v in OUTCOMES)
        rows.append(
            f'<tr class="{"first" if line.law != previous else ""}">'
            f'<td class="law">{escape(line.law) if line.law != previous else ""}</td>'
            f'<td class="model">{_model(line)}</td><td><span class="bar">{bar}</span></td>'
            f'{numbers}<td class="n">{"" if line.share is None else interval(line.share)}</td>'
            f'<td class="n">{_excess(line.excess)}</td><td class="worst">{escape(line.worst)}</td></tr>'
        )
        previous = line.law
    heads = "".join(f'<th class="n">{HEADS.get(v, v)}</th>' for v in OUTCOMES)
    key = "".join(f'<span class="{v}"></span>{v.replace("_", " ")}' for v in OUTCOMES)
    return (
        f'<p class="key">{key}</p><div class="scroll"><table><thead><tr><th>law</th><th>model</th><th></th>{heads}'
        '<th class="n">% holds</th><th class="n">over random</th><th>worst departure, and where</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        '<p class="soft">Shares are means over contexts, with 95 % intervals that hold whatever the distribution of '
        "contexts; <i>over random</i> is by how much a share exceeds that along a random direction on the same "
        "contexts (95 % t interval), in bold where it is more than chance among all the laws of this model (exchange "
        "test, Holm).</p>"
    )


def _excess(excess: Excess | None) -> str:
    if excess is None:
        return ""
    text = interval(excess.share, "+")
    return f"<b>{text}</b>" if excess.adjusted <= LEVEL else text


def _model(line: "Line") -> str:
    return f'<span class="control">{escape(CONTROLS[line.control])}</span>' if line.control else escape(line.model)


def _findings(report: "Report") -> str:
    """A row a finding, model and concept, the controls below it; a column a block."""
    found = {
        (f.holding.model, f.concept, f.holding.law, f.holding.control, f.holding.layer): f.holding
        for f in report.findings
    }
    if not found:
        return "<p>No residual stream of a language model was steered.</p>"
    blocks = sorted({layer for *_, layer in found if layer is not None})
    rows = []
    for model, concept, law, control in dict.fromkeys(key[:-1] for key in sorted(found, key=_finding_order)):
        cells = (found.get((model, concept, law, control, block)) for block in blocks)
        numbers = "".join(f'<td class="n">{"" if h is None else _share(h)}</td>' for h in cells)
        what = f'<span class="control">{CONTROLS[control]}</span>' if control else escape(ROWS[law].says)
        where = "" if control else escape(", ".join(filter(None, (model, concept))))
        rows.append(
            f'<tr class="{"" if control else "first"}"><td class="model">{what}</td><td>{where}</td>{numbers}</tr>'
        )
    heads = "".join(f'<th class="n">block {block}</th>' for block in blocks)
    return (
        '<div class="scroll"><table><thead><tr><th>finding, in %</th><th>model and concept</th>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        '<p class="soft">Not laws of language models, but shares that the theory has at 100 %. Means over contexts '
        "with 95 % intervals; in bold what exceeds a random direction of equal norm by more than chance (exchange "
        "test, Holm over the findings of a block).</p>"
    )


def _finding_order(key: tuple) -> tuple:
    model, concept, law, control, _ = key
    return model, concept or "", list(ROWS).index(law), list(CONTROLS).index(control) if control else -1


def _share(holding: Holding) -> str:
    excess = holding.excess.get("random_direction")
    text = interval(holding.share)
    return f"<b>{text}</b>" if excess is not None and excess.adjusted <= LEVEL else text


def _departures(report: "Report", most: int = 12) -> str:
    departing = [v for v in report.verdicts if v["verdict"] == "departs" and v["subject"]["control"] is None]
    if not departing:
        return "<p>No law departs on any model.</p>"
    departing.sort(key=lambda v: -v["departure"] / max(v["tolerance"], 1e-300))
    largest: dict[tuple[str, str], dict[str, Any]] = {}
    for verdict in departing:
        largest.setdefault((verdict["law"], verdict["claim"]), verdict)
    items = "".join(f"<li>{_departure(v)}</li>" for v in list(largest.values())[:most])
    return f"<p>The worst case of each claim that departs, with the fewest points that rule it out.</p><ol>{items}</ol>"


def _departure(verdict: dict[str, Any]) -> str:
    witness = verdict["witness"]
    points = ", ".join(f"({a:.4g}, {v:.4g})" for a, v in zip(witness["strengths"], witness["values"], strict=True))
    return (
        f"<b>{escape(verdict['law'])}</b>: {escape(verdict['claim'])}<br>"
        f"departs by {escape(amount(verdict))} on {escape(where(verdict))}"
        f'<br><span class="soft">witness (strength, value): {points}. {escape(verdict["reason"])}</span>'
    )


def _quantities(report: "Report") -> str:
    """One row a quantity and place, with the same gap along a random direction beside it."""
    null = {_place(q): q for q in report.quantities if q["control"] == "random_direction"}
    rows = []
    for q in (q for q in report.quantities if q["control"] is None):
        sense = "" if q["sense"] == "equal" else f"{q['sense']} "
        words = (
            q["quantity"],
            ", ".join(filter(None, (q["model"], q["concept"], None if q["layer"] is None else f"layer {q['layer']}"))),
            q["unit"],
        )
        numbers = (
            "" if q["predicted"] is None else f"{sense}{q['predicted']:.3g}",
            f"{q['lower']:.3g} to {q['upper']:.3g}",
            _number(q["gap"]),
            _number(q["largest"]),
            _number(null.get(_place(q), {}).get("gap")),
            f"{q['count']:,}",
        )
        cells = [f"<td>{escape(word)}</td>" for word in words] + [f'<td class="n">{x}</td>' for x in numbers]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    heads = [f"<th>{head}</th>" for head in ("quantity", "where", "unit")]
    heads += [
        f'<th class="n">{head}</th>' for head in ("predicted", "observed", "gap", "largest gap", "gap, random", "cases")
    ]
    return (
        "<p>Medians over contexts (and tokens, concepts): what the unsteered model predicts, between which bounds it "
        "was observed, and the distance from the one to the other. Peaks are roots of exact slopes; of cross-entropy "
        "the bounds are 95 % intervals over blocks of text. Log-odds of a concept are measured on prompts and scaled "
        "by the derivative of the logits at strength 0.</p>"
        f'<details><summary>{len(rows)} quantities</summary><div class="scroll"><table>'
        f"<thead><tr>{''.join(heads)}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _place(quantity: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(quantity[key] for key in ("model", "layer", "concept", "quantity"))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _figure(drawn: "Drawn") -> str:
    return f"<figure>{drawn.svg}<figcaption><b>{escape(drawn.title)}.</b> {escape(drawn.caption)}</figcaption></figure>"


def _derivations(records: Iterable[dict[str, Any]]) -> str:
    parts = []
    for record in records:
        steps = "".join(
            f'<li><span class="kind">{escape(s["kind"])}</span> <b>{escape(s["status"])}</b> {escape(s["says"])}'
            f"<pre>{escape(s['text'])}</pre></li>"
            for s in record["proof"]
        )
        parts.append(
            f"<details><summary><b>{escape(record['id'])}</b> ({escape(record['source'])}): "
            f"{escape(record['reading'])} <span class='soft'>{escape(record['derivation'])}</span></summary>"
            f'<ol class="proof">{steps}</ol></details>'
        )
    return "".join(parts)


def _run(run: dict[str, Any]) -> str:
    def text(value: Any) -> str:
        if isinstance(value, dict):
            return ", ".join(f"{k} {v}" for k, v in value.items()) or "none"
        return value if isinstance(value, str) else json.dumps(value)

    return f"<dl>{''.join(f'<dt>{escape(k)}</dt><dd>{escape(text(v))}</dd>' for k, v in run.items())}</dl>"
