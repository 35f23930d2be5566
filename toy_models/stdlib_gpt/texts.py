"""The texts beside the model, cut from held-out documents: `python -m toy_models.stdlib_gpt.texts` writes `data/`.

    <concept>.<use>.contrastive.jsonl    positives and negatives; a negative carries the opposite of the concept
    <concept>.<use>.random.jsonl         the same positives; negatives from anywhere in the held-out text
    <concept>.contexts.jsonl             short prompts to steer from, 12 negative and 4 positive
    <concept>.contexts.further.jsonl     16 more, for whoever wants 32 replicates; as many of 4 positive as are left
    segments.jsonl                       texts of 64 tokens to measure cross-entropy on

The opposite of *python code* (code outside strings and comments) is prose; the opposite of *uppercase words* is text of
the same registers without one. Uses are `vector` and `log_odds`. Whatever is cut is taken out of the held-out text, so
that the two uses, the contexts and the segments never share a span; nor do two texts of one file.
"""

import hashlib
import io
import json
import re
import tokenize
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from toy_models.shipped import NEGATIVES, USES, ShippedTexts
from toy_models.stdlib_gpt import CHECKPOINT, TEXTS, corpus
from toy_models.stdlib_gpt.corpus import Document
from toy_models.stdlib_gpt.tokenizer import load_tokenizer

PROMPTS = {"uppercase": 32, "python_code": 64}
LENGTHS = {"uppercase": (75, 130), "python_code": (100, 250)}
UPPERCASE_SHARE = 0.5
CONTEXT_LENGTH, CONTEXT_TOKENS = (35, 90), (12, 24)
NEGATIVE_CONTEXTS, POSITIVE_CONTEXTS = 12, 4
SEGMENTS, SEGMENT_TOKENS = 24, 64
QUOTED_TOKENS = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, kw_only=True)
class Span:
    """The characters `start` to `end` of one document."""

    document: Document
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.document.text[self.start : self.end]

    @property
    def order(self) -> int:
        """A fixed pseudo-random number that has nothing to do with content."""
        place = f"{self.document.name}:{self.start}:{self.end}"
        return int.from_bytes(hashlib.sha256(place.encode()).digest()[:8], "big")


Rule = Callable[[Span], bool]


@dataclass(frozen=True)
class Taken:
    """What has been cut so far, by document name."""

    spans: dict[str, list[Span]] = field(default_factory=dict)

    def cut(self, candidates: Iterable[Span], count: int, what: str, least: int | None = None) -> list[str]:
        """The texts of `count` candidates, in their fixed order, that overlap or repeat no part of one taken before.

        Fewer, where there are not so many, but not fewer than `least` (None: `count`).
        """
        found: list[Span] = []
        for span in sorted(candidates, key=lambda span: span.order):
            if len(found) == count:
                break
            if self._free(span):
                self.spans.setdefault(span.document.name, []).append(span)
                found.append(span)
        if len(found) < (expected := count if least is None else least):
            raise ValueError(f"the held-out text has {len(found)} {what}, expected {expected}: relax the rule")
        return [span.text for span in found]

    def _free(self, span: Span) -> bool:
        beside = self.spans.get(span.document.name, [])
        apart = all(span.end <= old.start or old.end <= span.start for old in beside)
        texts = (old.text for spans in self.spans.values() for old in spans)
        return apart and not any(span.text in text or text in span.text for text in texts)


def spans(documents: Iterable[Document], shortest: int, longest: int) -> Iterator[Span]:
    """From the first character of every word, a run of whole words whose length lies in the range."""
    for document in documents:
        words = [(match.start(), match.end()) for match in re.finditer(r"\S+", document.text)]
        ends = [end for _, end in words]
        for start, end in words:
            wanted = shortest + Span(document=document, start=start, end=end).order % (longest - shortest)
            last = ends[min(bisect_left(ends, start + wanted), len(ends) - 1)]
            if shortest <= last - start <= longest:
                yield Span(document=document, start=start, end=last)


def is_uppercase(span: Span) -> bool:
    """Much of the letters stand in uppercase words of two or more letters; the last word and the next are such."""
    words = [*WORD.finditer(span.text), WORD.search(span.document.text, span.end)]
    return uppercase_share(span.text) >= UPPERCASE_SHARE and all(word and _upper(word.group()) for word in words[-2:])


def is_ordinary(span: Span) -> bool:
    """At least six words, none of them uppercase."""
    return len(WORD.findall(span.text)) >= 6 and uppercase_share(span.text) == 0.0


def uppercase_share(text: str) -> float:
    """The share of letters that stand in uppercase words of two or more letters."""
    words = WORD.findall(text)
    return sum(len(word) for word in words if _upper(word)) / max(1, sum(map(len, words)))


def _upper(word: str) -> bool:
    return len(word) >= 2 and word.isupper()


def is_prose(span: Span) -> bool:
    """Documentation that reads as sentences: letters, spaces and few other characters, one paragraph, no table."""
    plain = sum(c.isalpha() or c.isspace() or c in ".,'\"-" for c in span.text) / len(span.text)
    return span.document.kind == "prose" and plain >= 0.95 and not re.search(r"\n\n|--|\|", span.text)


def is_code(span: Span) -> bool:
    """Python of which at most a fifth of the visible characters stand in strings and comments."""
    if span.document.kind != "code":
        return False
    visible, quoted = (total[span.end] - total[span.start] for total in _visible_and_quoted(span.document))
    return bool(quoted <= visible / 5)


@cache
def _visible_and_quoted(document: Document) -> tuple[np.ndarray, np.ndarray]:
    """For a source file: how many visible characters, and how many of these in strings and comments, stand before i."""
    text = document.text
    starts = np.cumsum([0] + [len(line) for line in io.StringIO(text)])
    quoted = np.zeros(len(text), bool)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in QUOTED_TOKENS:
            (first, left), (last, right) = token.start, token.end
            quoted[starts[first - 1] + left : starts[last - 1] + right] = True
    visible = np.array([not c.isspace() for c in text])
    return np.cumsum(np.append(0, visible)), np.cumsum(np.append(0, visible & quoted))


def most_disjoint(candidates: Iterable[Span]) -> list[Span]:
    """As many of the candidates as fit beside one another: earliest end first."""
    chosen: list[Span] = []
    for span in sorted(candidates, key=lambda span: (span.document.name, span.end, span.start)):
        if not chosen or chosen[-1].document.name != span.document.name or chosen[-1].end <= span.start:
            chosen.append(span)
    return chosen


def segment_spans(documents: Iterable[Document], tokenizer: Tokenizer) -> Iterator[Span]:
    """From the first character of every twentieth word, the span of exactly `SEGMENT_TOKENS` tokens; no tables."""
    for span in islice(spans(documents, 500, 900), 0, None, 20):
        offsets = tokenizer.encode(span.text, add_special_tokens=False).offsets
        if len(offsets) > SEGMENT_TOKENS:
            segment = Span(document=span.document, start=span.start, end=span.start + offsets[SEGMENT_TOKENS - 1][1])
            if token_count(tokenizer, segment.text) == SEGMENT_TOKENS and "|" not in segment.text:
                yield segment


def token_count(tokenizer: Tokenizer, text: str) -> int:
    """Tokens of the text alone, the beginning-of-text token not counted."""
    return len(tokenizer.encode(text, add_special_tokens=False))


RULES: dict[str, tuple[Rule, Rule]] = {"uppercase": (is_uppercase, is_ordinary), "python_code": (is_code, is_prose)}


def draw(
    held_out: Sequence[Document],
    tokenizer: Tokenizer,
    shipped: ShippedTexts = TEXTS,
    rules: Mapping[str, tuple[Rule, Rule]] = RULES,
    prompts: Mapping[str, int] = PROMPTS,
    lengths: Mapping[str, tuple[int, int]] = LENGTHS,
) -> dict[Path, list[dict]]:
    """Every file's rows. The concept whose texts are scarce is cut first, the random negatives last."""
    taken, files, contrasts = Taken(), {}, {}
    short = [span for span in spans(held_out, *CONTEXT_LENGTH) if _fits(tokenizer, span)]

    def contexts(concept: str, least: int = POSITIVE_CONTEXTS) -> list[dict]:
        positive, negative = rules[concept]
        with_concept = taken.cut(filter(positive, short), POSITIVE_CONTEXTS, f"contexts with {concept}", least)
        count = POSITIVE_CONTEXTS + NEGATIVE_CONTEXTS - len(with_concept)
        without = taken.cut(filter(negative, short), count, f"contexts without {concept}")
        return [{"negative": without}, {concept: with_concept}]

    for concept, (positive, negative) in rules.items():
        files[shipped.contexts_file(concept)] = contexts(concept)
        candidates = list(spans(held_out, *lengths[concept]))
        contrasts[concept] = [
            taken.cut(most_disjoint(filter(rule, candidates)), 2 * prompts[concept], f"texts for {concept}")
            for rule in (positive, negative)
        ]
    halves = []
    for kind in ("code", "prose"):
        candidates = segment_spans([document for document in held_out if document.kind == kind], tokenizer)
        halves.append(taken.cut(candidates, SEGMENTS // 2, f"segments of {kind}"))
    files[shipped.segments_file] = [{"text": text} for pair in zip(*halves, strict=True) for text in pair]
    for concept, (positives, negatives) in contrasts.items():
        anything = taken.cut(spans(held_out, *lengths[concept]), 2 * prompts[concept], "texts of any kind")
        for kind, others in zip(NEGATIVES, (negatives, anything), strict=True):
            for i, use in enumerate(USES):
                files[shipped.prompts_file(concept, use, kind)] = [
                    {"concept": concept, "kind": sign, "text": text}
                    for sign, texts in (("positive", positives), ("negative", others))
                    for text in texts[i::2]
                ]
    return files | {shipped.contexts_file(concept, further=True): contexts(concept, 1) for concept in rules}


def _fits(tokenizer: Tokenizer, span: Span) -> bool:
    shortest, longest = CONTEXT_TOKENS
    return shortest <= token_count(tokenizer, span.text) <= longest


def write_texts(files: Mapping[Path, Sequence[dict]]) -> None:
    """Write the rows of every file."""
    for path, rows in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    """Write every file anew."""
    _, held_out = corpus.split(corpus.documents())
    write_texts(draw(held_out, load_tokenizer(CHECKPOINT)))


if __name__ == "__main__":
    main()
