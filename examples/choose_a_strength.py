"""From two lists of texts to a vector, and what each of several prompts can take of it for half a nat.

python examples/choose_a_strength.py [CHECKPOINT POSITIVE NEGATIVE]
"""

import sys

import numpy as np

import steerlaw
from real_models import difference_of_means, read_texts
from toy_models import stdlib_gpt

SHIPPED = (stdlib_gpt.CHECKPOINT, *[stdlib_gpt.prompts_file("uppercase")] * 2)
PROMPTS, LAYER, BUDGET = ["import ", "def main(", "class "], 3, 0.5


def main() -> None:
    """Predicted from the unsteered model, and measured; the strength for all of them is the smallest."""
    checkpoint, positive, negative = sys.argv[1:] or SHIPPED
    model = steerlaw.load_model(checkpoint)
    vectors = difference_of_means(model, read_texts(positive, "positive"), read_texts(negative, "negative"))
    vector = np.asarray(vectors[LAYER])
    choices = [steerlaw.choose(model, prompt, layer=LAYER, vector=vector, budget=BUDGET) for prompt in PROMPTS]
    for prompt, choice in zip(PROMPTS, choices, strict=True):
        print(f"{prompt!r}: {BUDGET} nats at alpha = {choice.measured:.3g}, predicted {choice.predicted:.3g}")
    print(f"for all of them: alpha = {min(choice.measured for choice in choices):.3g}")


if __name__ == "__main__":
    main()
