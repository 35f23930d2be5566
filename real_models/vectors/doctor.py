"""Is a steered model what it claims to be? Each check is one line: its name, whether it is well, and what was found.

The checks see the model from outside, through its logits and residuals, except for the plain forward pass, which they
compute on their own, without padding, prefix, cache or batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from real_models.decoding import decoder
from real_models.steering.inputs import Tokens, Vector, steering_vectors
from real_models.steering.model import LanguageModel
from real_models.vectors.means import Pool, difference_of_means

# A plain forward pass sums in another order: some tens of roundings of the compute dtype.
PLAIN_TOLERANCE = {"float32": 1e-5, "float64": 1e-12, "bfloat16": 0.06}
ALIKE = 0.9  # cosine from which two directions count as the same
LARGE = 100.0  # |v| / |h| above which a unit strength drowns the model


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line: `ok` is None where the check could not be made, and `detail` says why, or what was found."""

    name: str
    ok: bool | None
    detail: str


def examine(
    model: LanguageModel,
    tokens: Tokens,
    layer: int,
    vector: Vector,
    *,
    positive: Sequence[Tokens] = (),
    negative: Sequence[Tokens] = (),
    strength: float = 1.0,
) -> list[Check]:
    """The checks of one prompt, block and vector; with texts that show the concept and not, also sign and layer.

    `ValueError` for bad input, as from `model.logits`; a model that behaves wrongly is a check that is not ok.
    """
    v = steering_vectors(model.spec, model.name, layer, vector)[layer]
    ids = model.encode(tokens)
    checks = [vocabulary(model), beginning(model, ids)]
    checks += [check(model, ids, layer, v) for check in (zero_strength, plain_forward, scale, dtype)]
    steered = [every_position, generated_tokens, sign]
    checks += [check(model, ids, layer, v, strength) for check in steered]
    if positive and negative:
        checks += convention(model, layer, v, positive, negative)
    else:
        checks.append(Check(name="layer", ok=None, detail="not checked: needs positive and negative texts"))
    return checks


def vocabulary(model: LanguageModel) -> Check:
    """The model has a row for every token of the tokenizer; more rows are padding, which no text reaches."""
    if model.tokenizer is None:
        return Check(name="vocabulary", ok=None, detail="not checked: the checkpoint has no tokenizer")
    known = max(model.tokenizer.get_vocab().values(), default=-1) + 1
    detail = f"the model has {model.vocab_size} tokens, the tokenizer {known}"
    if known > model.vocab_size:
        return Check(name="vocabulary", ok=False, detail=f"{detail}: some texts have tokens that the model lacks")
    spare = model.vocab_size - known
    return Check(name="vocabulary", ok=True, detail=f"{detail}: the last {spare} are padding" if spare else detail)


def beginning(model: LanguageModel, ids: list[int]) -> Check:
    """A prompt begins with the beginning-of-text token once: a text that has it gets a second from the tokenizer."""
    if model.tokenizer is None:
        return Check(name="beginning", ok=None, detail="not checked: the checkpoint has no tokenizer")
    own = model.tokenizer.encode("").ids
    if not own:
        return Check(name="beginning", ok=True, detail="the tokenizer puts nothing before a text")
    text = model.tokenizer.decode(own[:1], skip_special_tokens=False)
    twice = ids[:1] == own[:1] == ids[1:2]
    found = f"begins with {text!r} twice: leave it out of the text" if twice else f"does not begin with {text!r} twice"
    return Check(name="beginning", ok=not twice, detail=f"the prompt {found}")


def zero_strength(model: LanguageModel, ids: list[int], layer: int, v: Float[np.ndarray, " d"]) -> Check:
    """alpha = 0 is the same compiled call with v = 0, bit for bit."""
    same = []
    for positions in ("all", "last"):
        at_zero = model.logits(ids, [0.0], layer=layer, vector=v, positions=positions)
        without = model.logits(ids, [0.0], layer=layer, vector=0 * v, positions=positions)
        same.append(bool((at_zero == without).all()))
    what = "equal to" if all(same) else "not equal to"
    return Check(name="zero strength", ok=all(same), detail=f"alpha = 0 is {what} v = 0, bit for bit")


def plain_forward(model: LanguageModel, ids: list[int], layer: int, v: Float[np.ndarray, " d"]) -> Check:
    """alpha = 0 is the plain forward pass, within rounding of the logits' scale."""
    plain = np.asarray(forward(model, ids)[-1], np.float64)
    share = relative(model.logits(ids, [0.0], layer=layer, vector=v)[0], plain)
    tolerance = PLAIN_TOLERANCE[model.dtype]
    detail = (
        f"alpha = 0 is within {share:.1e} of the plain forward pass (allowed: {tolerance:.0e} of the logits' scale)"
    )
    return Check(name="plain forward", ok=share <= tolerance, detail=detail)


def scale(model: LanguageModel, ids: list[int], layer: int, v: Float[np.ndarray, " d"]) -> Check:
    """|v| against |h|: what a strength of 1 means in this model."""
    h = np.linalg.norm(np.asarray(model.residual(ids, layer), np.float64), axis=1)
    ratio = float(np.linalg.norm(v) / h[-1])
    if ratio == 0:
        return Check(name="scale", ok=False, detail="the vector is zero")
    detail = f"|v| = {np.linalg.norm(v):.3g}, |h| = {h[-1]:.3g} at the last position: alpha = {1 / ratio:.3g} adds |h|"
    return Check(name="scale", ok=1 / LARGE <= ratio <= LARGE, detail=detail)


def dtype(model: LanguageModel, ids: list[int], layer: int, v: Float[np.ndarray, " d"]) -> Check:
    """Logits come in the compute dtype, in float32 where it is narrower."""
    expected = "float64" if model.dtype == "float64" else "float32"
    got = str(model.logits(ids, [0.0], layer=layer, vector=v).dtype)
    return Check(name="dtype", ok=got == expected, detail=f"computed in {model.dtype}, logits in {got}")


def every_position(model: LanguageModel, ids: list[int], layer: int, v: np.ndarray, strength: float) -> Check:
    """`positions="all"` steers every position and `"last"` the last alone: as a pass does that adds by hand."""
    wrong = []
    for positions in ("all", "last"):
        where = slice(None) if positions == "all" else slice(-1, None)
        by_hand = forward(model, ids, layer, strength * v, where)[-1]
        steered = model.logits(ids, [strength], layer=layer, vector=v, positions=positions)[0]
        if relative(steered, by_hand) > PLAIN_TOLERANCE[model.dtype]:
            wrong.append(positions)
    found = f"not as asked for {' and '.join(wrong)}" if wrong else "all, or the last alone, as asked"
    return Check(name="positions", ok=not wrong, detail=f"positions steered: {found}")


def generated_tokens(model: LanguageModel, ids: list[int], layer: int, v: np.ndarray, strength: float) -> Check:
    """A token generated under steering is steered itself when the next is predicted."""
    follower = int(np.argmax(model.logits(ids, [strength], layer=layer, vector=v)[0]))
    longer = [*ids, follower]
    by_hand = forward(model, longer, layer, strength * v)[-1]
    share = relative(model.logits(longer, [strength], layer=layer, vector=v)[0], by_hand)
    ok = share <= PLAIN_TOLERANCE[model.dtype]
    detail = f"a generated token is {'steered like' if ok else 'not steered like'} those of the prompt"
    return Check(name="generated tokens", ok=ok, detail=detail)


def sign(model: LanguageModel, ids: list[int], layer: int, v: np.ndarray, strength: float) -> Check:
    """alpha adds `+ alpha v` to the residual."""
    steered = model.logits(ids, [strength], layer=layer, vector=v)[0]
    plus, minus = (relative(steered, forward(model, ids, layer, s * v)[-1]) for s in (strength, -strength))
    detail = f"alpha v added by hand gives logits that differ by {plus:.1e}, subtracted by {minus:.1e} of their scale"
    if max(plus, minus) <= 2 * PLAIN_TOLERANCE[model.dtype]:
        return Check(name="sign", ok=None, detail=f"not told at alpha = {strength:g}, which changes nothing: {detail}")
    return Check(name="sign", ok=plus <= PLAIN_TOLERANCE[model.dtype], detail=detail)


def convention(
    model: LanguageModel,
    layer: int,
    v: Float[np.ndarray, " d"],
    positive: Sequence[Tokens],
    negative: Sequence[Tokens],
) -> list[Check]:
    """Sign and layer of a vector, by the differences of means of the texts it came from, at every block.

    Neighbouring blocks' differences are alike, so a vector is said to be off by one where a neighbour's fits better.
    """
    pools = [texts_cosines(model, v, positive, negative, pool) for pool in ("mean", "last")]
    cosines = max(pools, key=lambda each: np.abs(each).max())
    best, here = int(np.argmax(np.abs(cosines))), float(cosines[layer])
    toward = Check(name="direction", ok=here > 0, detail=f"cosine {here:.3f} with the texts' difference of means")
    if abs(cosines[best]) < ALIKE:
        detail = (
            f"not told: no block's difference of means is like the vector (best: block {best}, {cosines[best]:.3f})"
        )
        return [toward, Check(name="layer", ok=None, detail=detail)]
    fits = f"block {best}'s difference of means fits best (cosine {cosines[best]:.3f})"
    off = "" if best == layer else f", block {layer}'s less well ({here:.3f}): the layer is off by {layer - best:+d}"
    return [toward, Check(name="layer", ok=best == layer, detail=fits + off)]


def texts_cosines(
    model: LanguageModel, v: np.ndarray, positive: Sequence[Tokens], negative: Sequence[Tokens], pool: Pool
) -> Float[np.ndarray, " layers"]:
    """Cosine of the vector with every block's difference of means."""
    means = np.asarray(difference_of_means(model, positive, negative, pool=pool), np.float64)
    return means @ v / (np.linalg.norm(means, axis=1) * np.linalg.norm(v) + np.finfo(float).tiny)


def relative(ours: Array | np.ndarray, expected: Array | np.ndarray) -> float:
    """The largest difference over the expected values' scale."""
    a, b = (np.asarray(x, np.float64) for x in (ours, expected))
    return float(np.abs(a - b).max() / np.abs(b).max())


def forward(
    model: LanguageModel,
    ids: list[int],
    layer: int | None = None,
    shift: np.ndarray | float = 0.0,
    where: slice = slice(None),
) -> Float[Array, "position vocab"]:
    """A plain pass over the prompt alone, with `shift` added by hand to some positions of one block's output."""
    tokens = jnp.asarray([ids])
    real = jnp.ones(tokens.shape, bool)
    positions = decoder.position_ids(real)
    with jax.default_matmul_precision("highest"):
        x = decoder.embed(model.spec, model.params, tokens, positions)
        for number, weights in enumerate(model.params["blocks"]):
            x = plain_block(decoder.of_block(model.spec, number), weights, x, real, positions)
            if number == layer:
                x = x.at[:, where].add(jnp.asarray(shift).astype(x.dtype))
        return decoder.unembed(model.spec, model.params, x)[0]


plain_block = partial(jax.jit, static_argnames="spec")(decoder.block)
