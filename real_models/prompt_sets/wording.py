"""How a model is asked for texts that show a concept: what it is, in a sentence, and then examples that live it."""

CONCEPT = "{concept}"

INSTRUCTION = (
    "First say in a single sentence what {concept} is. After that speak as somebody in whom {concept} is at its"
    ' strongest: one short passage after another, each beginning with "I", each about another moment of your life,'
    " each showing {concept} by what is said and done. Give the sentence and the passages, without headings or remarks."
)
"""For a model that follows instructions."""

BEGINNING = (
    "What {concept} is, in a single sentence, and then, in their own words, what people say in whom it is at its"
    " strongest.\n\n{concept}:"
)
"""For a model that only goes on with what it is given."""

OPPOSITE = "Which word or short phrase says the opposite of {concept}? Answer with it alone."
"""Asks a model that follows instructions for what contrasts with a concept."""


def worded(wording: str, concept: str) -> str:
    """The wording about a concept; a `ValueError` for one that does not say where the concept goes."""
    if CONCEPT not in wording:
        raise ValueError(f"the wording is {wording!r:.80}, expected {CONCEPT} where the concept goes")
    return wording.replace(CONCEPT, concept)


def opposite_in(answer: str, concept: str) -> str:
    """The opposite that a model named; a `ValueError` where it named none, or the concept itself."""
    lines = [line.strip(" \t.,;:!\"'*") for line in answer.splitlines()]
    found = next((line for line in lines if line), "")
    if not found or len(found.split()) > 6 or found.casefold() == concept.casefold():
        raise ValueError(f"asked for the opposite of {concept!r}, got {answer.strip()!r:.60}; name it with --opposite")
    return found
