"""A vector and a sweep from other programs, held against this model and against the laws.

python examples/judge_what_others_measured.py [CHECKPOINT VECTOR.gguf SWEEP.csv LAYER TOKEN PROMPT]

The vector is a control vector as repeng and llama.cpp write it, or any file that `steerlaw convert` reads. The sweep
has a row `strength,value` for each strength: the probability of TOKEN after PROMPT, LAYER steered. Without arguments,
both are made here, and the sweep is made wrong: the prompt's first token was left out, as where a beginning-of-text
token is missing.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import steerlaw
from real_models import difference_of_means, read_vectors, write_vectors
from toy_models import stdlib_gpt

LAYER, PROMPT = 3, "import os\nimport "


def made(folder: Path) -> list[str]:
    """A control vector and a sweep, as another program may have left them."""
    model = steerlaw.load_model(stdlib_gpt.CHECKPOINT)
    vectors = np.asarray(difference_of_means(model, *stdlib_gpt.prompts("uppercase")))
    write_vectors(folder / "capitals.gguf", {LAYER: vectors[LAYER]}, {"model_hint": "llama"})
    token, alpha = model.encode("sys")[-1], np.linspace(-0.5, 0.5, 21)
    logits = model.logits(model.encode(PROMPT)[1:], alpha, layer=LAYER, vector=vectors[LAYER])
    probabilities = np.exp(log_softmax(np.asarray(logits, float)))[:, token]
    rows = "".join(f"{a:.3f},{p:.6g}\n" for a, p in zip(alpha, probabilities, strict=True))
    (folder / "sweep.csv").write_text("strength,value\n" + rows)
    files = [folder / "capitals.gguf", folder / "sweep.csv"]
    return [str(stdlib_gpt.CHECKPOINT), *map(str, files), str(LAYER), "sys", PROMPT]


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities of logits."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def main() -> None:
    """What the law says of the sweep by itself, and whether this model, so steered, gives the same numbers."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, gguf, csv, layer, word, prompt = sys.argv[1:] or made(Path(folder))
        model, vector = steerlaw.load_model(checkpoint), read_vectors(gguf).vectors[int(layer)]
        alpha, measured = np.loadtxt(csv, delimiter=",", skiprows=1, usecols=(0, 1)).T
        token = model.encode(word)[-1]
    print(f"the sweep by itself: token_bump {steerlaw.compare('token_bump', alpha, measured).verdict}")
    curve = steerlaw.steered_curve(model, prompt, layer=int(layer), vector=vector)
    ours = np.exp(curve.log_probs(alpha)[:, token])
    at_zero, apart = np.argmin(np.abs(alpha)), np.abs(ours - measured)
    print(f"this model gives {ours[at_zero]:.4g} at strength 0, the sweep {measured[at_zero]:.4g}")
    print(f"over all strengths they are up to {apart.max():.2g} apart")
    if apart[at_zero] > 0.01 * ours[at_zero]:
        print("they differ unsteered: look at the prompt and its beginning-of-text token before the vector")


if __name__ == "__main__":
    main()
