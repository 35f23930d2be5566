"""The section of the page with every law: its statement as mathematics, its claims, and its derivation step by step."""

from collections.abc import Iterable
from html import escape

from steerlaw.results.derivations import Derivation


def derivations_section(records: Iterable[Derivation]) -> str:
    """A law each, folded up, under the anchor `law-ID`."""
    parts = []
    for record in records:
        steps = "".join(
            f'<li><span class="kind">{escape(s.kind)}</span> <b>{escape(s.status)}</b> {escape(s.says)}'
            f"<pre>{escape(s.text)}</pre></li>"
            for s in record.proof
        )
        claims = "".join(
            f'<li>{escape(claim)} <span class="soft">({escape(proof.words)})</span></li>'
            for claim, proof in zip(record.claims, record.proofs, strict=True)
        )
        assumed = "".join(f"<li>{escape(one)}</li>" for one in record.hypotheses)
        parts.append(
            f'<details id="law-{escape(record.id)}"><summary><b>{escape(record.id)}</b> ({escape(record.source)}): '
            f"{escape(record.reading)} <span class='soft'>{escape(record.status)}</span></summary>"
            f'<div class="statement">{mathematics(record.statement)}</div>'
            f"{f'<h3>Assumes</h3><ul>{assumed}</ul>' if assumed else ''}<h3>Claims</h3><ul>{claims}</ul>"
            f'<h3>Derivation</h3><ol class="proof">{steps}</ol></details>'
        )
    return "".join(parts)


def mathematics(latex: str) -> str:
    """LaTeX as MathML, which browsers set by themselves; the LaTeX itself where it cannot be read as such."""
    from latex2mathml.converter import convert

    try:
        return convert(latex, display="block")
    except Exception:  # whatever the converter cannot read, the page still says what the law is
        return f"<pre>{escape(latex)}</pre>"
