"""Do the next token's probabilities rise and fall as the theory says? One prompt, every strength at once.

python examples/check_a_law.py [CHECKPOINT POSITIVE NEGATIVE]
"""

import sys

import numpy as np

import steerlaw
from real_models import difference_of_means, read_texts
from toy_models import stdlib_gpt

SHIPPED = (stdlib_gpt.CHECKPOINT, *[stdlib_gpt.prompts_file("uppercase")] * 2)
PROMPT, LAYER, LIKELY = "import ", 2, 20


def main() -> None:
    """For the texts' vector and for a random direction of its norm: how many tokens obey, and how far out."""
    checkpoint, positive, negative = sys.argv[1:] or SHIPPED
    model = steerlaw.load_model(checkpoint)
    vectors = difference_of_means(model, read_texts(positive, "positive"), read_texts(negative, "negative"))
    vector = np.asarray(vectors[LAYER])
    random = np.random.default_rng(0).standard_normal(len(vector))
    random *= np.linalg.norm(vector) / np.linalg.norm(random)
    for name, direction in {"the vector": vector, "a random direction": random}.items():
        curve = steerlaw.steered_curve(model, PROMPT, layer=LAYER, vector=direction, window=1.0)
        strengths = np.linspace(*curve.window, 65)
        log_probs, base = curve.log_probs(strengths), curve.log_probs([0.0])[0]
        log_odds = curve.slopes([0.0])[0]  # the local log-odds, less their mean, which no tilt sees
        known = {"log_probs": base, "log_odds": log_odds}
        likely = np.argsort(base)[-LIKELY:]
        bumps = [steerlaw.compare("token_bump", strengths, log_probs[:, z], token=int(z), **known) for z in likely]
        held = sum(bump.verdict == "holds" for bump in bumps)
        tilt = steerlaw.compare("tilt", strengths, log_probs, **known)
        certainly, _ = (tilt.horizon or {}).get("strength", [0.0, None])
        print(f"{name}, from alpha = {strengths[0]:.3g} to {strengths[-1]:.3g}, one norm of the residual:")
        print(f"  of the {LIKELY} likeliest tokens {held} rise and fall at most once")
        print(f"  every token is within {tilt.tolerance:g} nats of the tilt up to alpha = {certainly:.3g}")


if __name__ == "__main__":
    main()
