"""The section of the page on what the paper saw, block by block."""

from collections.abc import Sequence
from html import escape

from steerlaw.rendering.page.scrolled import scroll
from steerlaw.rendering.words import CONTROLS
from steerlaw.results.findings import ROWS, BlockFinding
from steerlaw.results.shares import Holding, interval


def findings_section(findings: Sequence[BlockFinding]) -> str:
    """A row a finding, model and concept, the controls below it; a column a block."""
    found = {
        (f.holding.model, f.concept, f.holding.law, f.holding.control, f.holding.layer): f.holding for f in findings
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
    heads = "".join(f'<th scope="col" class="n">block {block}</th>' for block in blocks)
    table = (
        '<table><thead><tr><th scope="col">finding, in %</th><th scope="col">model and concept</th>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
    return (
        scroll(table, "findings by block")
        + '<p class="soft">Not laws of language models, but shares that the theory has at 100 %. Means over contexts '
        "with 95 % intervals. Each control is one draw; whether a vector is more than a direction drawn at random is "
        "told by its rank among many, below.</p>"
    )


def _finding_order(key: tuple) -> tuple:
    model, concept, law, control, _ = key
    return model, concept or "", list(ROWS).index(law), list(CONTROLS).index(control) if control else -1


def _share(holding: Holding) -> str:
    return interval(holding.share)
