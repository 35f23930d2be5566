"""What is observed of a decoder off its curves is, within the half-widths stated, what its tables in float64 say."""

import numpy as np
import pytest

from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.variables import HALFWIDTH
from numerics.observing.watched import Watched

CONTEXTS = [[3, 1, 4, 1, 5, 9, 2], [9, 2, 6]]
ODDS = 3.0


class Table:
    """The same model, of which nothing is known but logits and their derivatives."""

    def __init__(self, model):
        self.name, self.vocab_size = model.name, model.vocab_size
        self.logits, self.derivative, self.derivatives = model.logits, model.derivative, model.derivatives


@pytest.mark.slow
@pytest.mark.parametrize(("family", "dtype"), [("llama", "float32"), ("gpt2", "float64"), ("gemma3_text", "float32")])
def test_every_band_holds_what_direct_evaluation_gives(models, family, dtype):
    model, exact = models(family, dtype), models(family, "float64")
    random = np.random.default_rng(0)
    vector, other = random.normal(size=(2, model.d_model)) / np.sqrt(model.d_model)
    steering = Steering(layer=0, vector=vector)
    watched = Watched(
        tokens=random.choice(model.vocab_size, 12, replace=False),
        log_odds=ODDS * random.normal(size=model.vocab_size),
        concepts=np.arange(model.vocab_size) < 9,
        other_vector=other,
    )
    seen = observe_next_token(model, CONTEXTS, np.linspace(-9, 9, 33), steering, watched, between=True)
    assert seen.notes == ()
    direct = observe_next_token(Table(exact), CONTEXTS, seen.strengths, steering, watched)
    assert len(seen.strengths) == 33 + seen.attributes["strengths_added"]
    bands = [str(name) for name in seen.data.data_vars if f"{name}{HALFWIDTH}" in seen.data]
    assert len(bands) == 14
    for name in bands:
        own, true = (sweep.data[f"{name}{HALFWIDTH}"] for sweep in (seen, direct))
        assert (np.abs(seen.data[name] - direct.data[name]) <= own + true + 1e-12).all(), name
    apart = abs(seen.data["slope_at_zero"] - direct.data["slope_at_zero"]).max("vocab")
    assert (apart <= seen.data[f"log_probability_slope{HALFWIDTH}"].sel(slope_strength=0)).all()
    low, high = (seen.data[f"slope_peak_{end}"].to_numpy() for end in ("lower", "upper"))
    assert np.isfinite(low).any()
    for context, tokens in enumerate(CONTEXTS):
        for place in np.flatnonzero(np.isfinite(low[context])):
            ends = np.array([low[context, place], high[context, place]])
            law, moved = (np.asarray(x) for x in exact.derivatives(tokens, ends, 1, layer=0, vector=vector))
            p = np.exp(law - law.max(axis=1, keepdims=True))
            slope = moved - (p * moved).sum(axis=1, keepdims=True) / p.sum(axis=1, keepdims=True)
            token = int(seen.data["token"][place])
            assert slope[0, token] > 0 > slope[1, token]
