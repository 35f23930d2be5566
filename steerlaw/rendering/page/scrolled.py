"""What may be wider than the page: it scrolls by itself, for the keyboard too, and has a name."""

from html import escape


def scroll(content: str, name: str) -> str:
    """The content in a region of this name that scrolls sideways."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">{content}</div>'
