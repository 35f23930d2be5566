"""A task for the shipped models: how does this text of theirs go on? `python -m toy_models.cloze` writes it for both.

Each text on which cross-entropy is measured is cut at a quarter, a half and three quarters, at the next space. What
follows, `LENGTH` characters, is the right answer; the wrong ones follow at the same place in three other texts. The
files are for lm-evaluation-harness, as anyone's own task would be.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from toy_models.shipped import ShippedTexts

TASK = "cloze"
PLACES = (0.25, 0.5, 0.75)
LENGTH = 24
WRONG = 3
SEED = 0
DEFINITION = f"""task: {TASK}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {TASK}.jsonl}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{context}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{answer}}}}"
target_delimiter: ""
metric_list: [{{metric: acc}}]
"""


def questions(texts: Sequence[str]) -> list[dict[str, Any]]:
    """`{"context", "choices", "answer"}` of each text and place, `answer` being the number of the right choice.

    Texts too short to be cut at all places so that an answer follows are left out.
    """
    cut = [pieces for text in texts if (pieces := _cut(text)) is not None]
    rng, asked = np.random.default_rng(SEED), []
    for number, pieces in enumerate(cut):
        for place, (context, right) in enumerate(pieces):
            others = {following[place][1] for n, following in enumerate(cut) if n != number} - {right}
            choices = rng.permutation(sorted(others))[:WRONG].tolist()
            answer = int(rng.integers(WRONG + 1))
            choices.insert(answer, right)
            asked.append({"context": context, "choices": choices, "answer": answer})
    return asked


def _cut(text: str) -> list[tuple[str, str]] | None:
    """What comes before each place and what follows, which begins with a space."""
    places = [text.find(" ", int(len(text) * share)) for share in PLACES]
    if any(place < 1 or place + LENGTH > len(text) for place in places):
        return None
    return [(text[:place], text[place : place + LENGTH]) for place in places]


def write_task(shipped: ShippedTexts) -> None:
    """Write the task and its questions beside a model."""
    shipped.tasks.mkdir(exist_ok=True)
    (shipped.tasks / f"{TASK}.yaml").write_text(DEFINITION)
    rows = (json.dumps(question) + "\n" for question in questions(shipped.segments()))
    (shipped.tasks / f"{TASK}.jsonl").write_text("".join(rows))


def main() -> None:
    """Write the task of either model."""
    from toy_models import perl_gpt, stdlib_gpt

    for model in (stdlib_gpt, perl_gpt):
        write_task(model.TEXTS)


if __name__ == "__main__":
    main()
