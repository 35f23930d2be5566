"""The section of the page with every derivation, step by step."""

from collections.abc import Iterable
from html import escape

from steerlaw.results.derivations import Derivation


def derivations_section(records: Iterable[Derivation]) -> str:
    """A derivation a law, folded up."""
    parts = []
    for record in records:
        steps = "".join(
            f'<li><span class="kind">{escape(s.kind)}</span> <b>{escape(s.status)}</b> {escape(s.says)}'
            f"<pre>{escape(s.text)}</pre></li>"
            for s in record.proof
        )
        parts.append(
            f"<details><summary><b>{escape(record.id)}</b> ({escape(record.source)}): "
            f"{escape(record.reading)} <span class='soft'>{escape(record.status)}</span></summary>"
            f'<ol class="proof">{steps}</ol></details>'
        )
    return "".join(parts)
