"""Logits and their derivatives in the strength, in float64, against the same weights in 60 digits.

The oracle is a decoder of its own in mpmath, token by token, that knows no batch, cache, mask or differentiation: its
derivatives are differences over a step of 1e-12, whose error is far below what float64 can hold.
"""

import jax.numpy as jnp
import numpy as np
import pytest
from mpmath import cosh, exp, fdot, mp, mpf, sinh, sqrt

pytestmark = pytest.mark.slow

STRENGTHS = (-1.5, 0.7)
PROMPT = [3, 1, 4, 1, 5]
LAYER = 1
STEP = mpf(10) ** -12


@pytest.fixture(autouse=True)
def sixty_digits():
    with mp.workdps(60):
        yield


class Oracle:
    """A decoder by its textbook formulas; weights are [in, out], of the unembedding [vocab, d]."""

    def __init__(self, model):
        self.spec = model.spec
        self.weights = {key: value for key, value in model.params.items() if key != "blocks"}
        self.blocks = model.params["blocks"]
        self.columns = {}

    def logits(self, ids, vector, alpha):
        """After the last of the tokens, `alpha v` added at every position to the output of block `LAYER`."""
        spec = self.spec
        rows = [[mpf(float(x)) * mpf(spec.embed_scale) for x in self.weights["embed"][z]] for z in ids]
        if "positions" in self.weights:
            rows = [plus(x, numbers(self.weights["positions"][t])) for t, x in enumerate(rows)]
        for number, block in enumerate(self.blocks):
            rows = self.block(number, block, rows)
            if number == LAYER:
                rows = [[a + alpha * mpf(float(b)) for a, b in zip(x, vector, strict=True)] for x in rows]
        last = self.norm(self.weights["final_norm"], rows[-1])
        return [fdot(last, row) / mpf(spec.logit_divisor) for row in self.table()]

    def table(self):
        if "table" not in self.columns:
            name = "embed" if self.spec.tied else "unembed"
            self.columns["table"] = [numbers(row) for row in self.weights[name]]
        return self.columns["table"]

    def block(self, number, block, rows):
        spec, local = self.spec, number in self.spec.local
        normed, by = [self.after(block, "attn_norm", x) for x in rows], mpf(spec.residual_scale)
        theta = spec.local_theta if local and spec.local_theta is not None else spec.rope_theta
        slow = 1 if local or spec.rope_scaling is None else spec.rope_scaling.factor
        q, k, v = ([self.heads(block, name, x, t, theta, slow) for t, x in enumerate(normed)] for name in "qkv")
        out = []
        for t, x in enumerate(rows):
            seen = [s for s in range(t + 1) if not (local and spec.window and s <= t - spec.window)]
            mixed = []
            for head in range(spec.n_heads):
                shared = head * spec.n_kv_heads // spec.n_heads
                scores = [fdot(q[t][head], k[s][shared]) / sqrt(spec.score_width or spec.head_dim) for s in seen]
                shares = [exp(score) for score in scores]
                total = sum(shares)
                mixed += [
                    sum(a * v[s][shared][i] for a, s in zip(shares, seen, strict=True)) / total
                    for i in range(spec.head_dim)
                ]
            y = plus(x, [by * a for a in self.after(block, "attn_post_norm", self.linear(block["o"], mixed))])
            z = self.after(block, "mlp_norm", y)
            hidden = self.linear(block["up"], z)
            if "gate" in block:
                hidden = [self.act(g) * u for g, u in zip(self.linear(block["gate"], z), hidden, strict=True)]
            else:
                hidden = [self.act(u) for u in hidden]
            written = self.after(block, "mlp_post_norm", self.linear(block["down"], hidden))
            out.append(plus(y, [by * a for a in written]))
        return out

    def heads(self, block, name, x, position, theta, slow):
        k = self.spec.head_dim
        flat = self.linear(block[name], x)
        whole = f"{name}_norm" in block and len(block[f"{name}_norm"]["weight"]) == len(flat)
        flat = self.norm(block[f"{name}_norm"], flat) if whole else flat
        heads = [flat[i : i + k] for i in range(0, len(flat), k)]
        if f"{name}_norm" in block and not whole:
            heads = [self.norm(block[f"{name}_norm"], head) for head in heads]
        if name == "v" or self.spec.positions != "rope":
            return heads
        frequency = jnp.float32(theta) ** (-jnp.arange(k // 2, dtype=jnp.float32) / (k // 2)) / jnp.float32(slow)
        angle = jnp.float32(position) * frequency  # rounded to float32, cosines too, as in transformers
        cos, sin = numbers(jnp.cos(angle)), numbers(jnp.sin(angle))
        turned = []
        for head in heads:
            a, b = head[: k // 2], head[k // 2 :]
            pairs = list(zip(a, b, cos, sin, strict=True))
            turned.append([x * c - y * s for x, y, c, s in pairs] + [y * c + x * s for x, y, c, s in pairs])
        return turned

    def norm(self, weights, x):
        if self.spec.norm == "layer":
            mean = sum(x) / len(x)
            x = [a - mean for a in x]
        root = sqrt(fdot(x, x) / len(x) + mpf(self.spec.norm_eps))
        scaled = [mpf(float(w)) * a / root for w, a in zip(weights["weight"], x, strict=True)]
        return plus(scaled, numbers(weights["bias"])) if "bias" in weights else scaled

    def after(self, block, name, written):
        return self.norm(block[name], written) if name in block else written

    def linear(self, weights, x):
        key = id(weights["weight"])
        if key not in self.columns:
            self.columns[key] = [numbers(column) for column in np.asarray(weights["weight"]).T]
        y = [fdot(x, column) for column in self.columns[key]]
        return plus(y, numbers(weights["bias"])) if "bias" in weights else y

    def act(self, x):
        if self.spec.activation == "silu":
            return x / (1 + exp(-x))
        y = sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)
        return x / 2 * (1 + sinh(y) / cosh(y))


def numbers(values):
    return [mpf(float(value)) for value in values]


def plus(x, y):
    return [a + b for a, b in zip(x, y, strict=True)]


@pytest.mark.parametrize("family", ["gpt2", "qwen2", "qwen3", "gemma3_text", "granite", "olmo2"])
def test_logits_and_derivatives(models, family):
    """Orders 0 to 3. Each is allowed some hundred roundings of its own largest value: sums of that many terms."""
    model = models(family, "float64")
    vector = np.random.default_rng(0).normal(size=model.d_model)
    ours = np.asarray(model.derivatives(PROMPT, STRENGTHS, 3, layer=LAYER, vector=vector))
    oracle = Oracle(model)
    for n, alpha in enumerate(STRENGTHS):
        far_below, below, here, above, far_above = (
            oracle.logits(PROMPT, vector, mpf(alpha) + k * STEP) for k in (-2, -1, 0, 1, 2)
        )
        expected = np.array(
            [
                [float(f) for f in here],
                [float((b - a) / (2 * STEP)) for a, b in zip(below, above, strict=True)],
                [float((b - 2 * f + a) / STEP**2) for a, f, b in zip(below, here, above, strict=True)],
                [
                    float((d - 2 * b + 2 * a - c) / (2 * STEP**3))
                    for c, a, b, d in zip(far_below, below, above, far_above, strict=True)
                ],
            ]
        )
        scale = np.abs(expected).max(axis=1, keepdims=True)
        assert (np.abs(ours[:, n] - expected) <= 3e-14 * scale * [[1], [3], [10], [30]]).all()
