"""Entry 7: what the limit of a steered transformer needs, and how it differs from the tilt's."""

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from theory.errata._erratum import Erratum, Fact

Vector = tuple[sp.Expr, ...]
strength = sp.Symbol("alpha", positive=True)
inverse = sp.Symbol("t", nonnegative=True)


@dataclass(frozen=True, kw_only=True)
class SteeredResidual:
    """Two prompts' residuals at the steered layer, the vector, and the little that comes after.

    `mixing` is the row permutation a later block applies to its input, `unembedding` has one row per token.
    """

    prompts: tuple[Vector, Vector]
    vector: Vector
    norm_epsilon: sp.Expr
    mixing: tuple[int, ...]
    unembedding: tuple[Vector, ...]
    soft_cap: sp.Expr


def facts(instance: SteeredResidual) -> Iterable[Fact]:
    """Limits are values at `t = 1/alpha = 0`: a norm without epsilon does not see the scale of what it normalises."""
    prompts, vector, eps = instance.prompts, instance.vector, instance.norm_epsilon
    limit = rms_norm(vector)
    yield Fact(
        says="RMSNorm with an epsilon: both prompts tend to the norm of v without it",
        holds=all(_limit(rms_norm(_steered(h, vector), eps=eps * inverse**2)) == limit for h in prompts),
    )
    yield Fact(says="which is not the norm of v with it", holds=rms_norm(vector, eps=eps) != limit)
    yield from _layer_norm(prompts, vector)

    early, late = (_two_positions(h, vector) for h in prompts)
    yield Fact(
        says="a position with v_t = 0 keeps its prompt at every strength, the steered one after it forgets it",
        holds=early[0] != late[0]
        and inverse not in _symbols(early[0])
        and _limit(early[1]) == _limit(late[1]) == limit,
    )
    mixed = rms_norm(_add(vector, _permute(vector, instance.mixing)))
    yield Fact(
        says="a pre-norm block leaves the limit at the norm of v, a post-norm block moves it elsewhere",
        holds=all(_limit(_pre_norm(h, instance)) == limit for h in prompts)
        and all(_limit(_post_norm(h, instance)) == mixed for h in prompts)
        and mixed != limit,
    )
    yield from _logits(instance, limit)


def _layer_norm(prompts: tuple[Vector, Vector], vector: Vector) -> Iterable[Fact]:
    constant = (sp.S.One,) * len(vector)
    yield Fact(
        says="LayerNorm: a v constant across features changes nothing at any strength, and the prompts stay apart",
        holds=all(layer_norm(_add(h, constant, strength)) == layer_norm(h) for h in prompts)
        and layer_norm(prompts[0]) != layer_norm(prompts[1]),
    )
    yield Fact(
        says="LayerNorm: with any other v the limit is the norm of v",
        holds=all(_limit(layer_norm(_steered(h, vector))) == layer_norm(vector) for h in prompts)
        and any(x != 0 for x in _centred(vector)),
    )


def _logits(instance: SteeredResidual, limit: Vector) -> Iterable[Fact]:
    logits = [sp.expand(sum(w * x for w, x in zip(row, limit, strict=True))) for row in instance.unembedding]
    yield Fact(
        says="a limit logit exceeds the soft-cap c, and c tanh(logit/c), which the capped model tends to, cannot",
        holds=any(bool(logit**2 > instance.soft_cap**2) for logit in logits),
        value=", ".join(str(logit) for logit in logits),
    )
    yield Fact(
        says="the limit logits are finite and differ, so every token keeps a positive probability: "
        "a tilt (Prop B.1) leaves none to tokens off the extremal set",
        holds=len(set(logits)) > 1 and all(sp.exp(logit).is_positive for logit in logits),
    )


def rms_norm(x: Vector, eps: sp.Expr = sp.S.Zero) -> Vector:
    """`x / sqrt(mean x^2 + eps)`."""
    scale = sp.sqrt(sp.expand(sum(value**2 for value in x)) / len(x) + eps)
    return tuple(value / scale for value in x)


def layer_norm(x: Vector) -> Vector:
    """RMSNorm after centring."""
    return rms_norm(_centred(x))


def _centred(x: Vector) -> Vector:
    return tuple(sp.expand(value - sum(x) / len(x)) for value in x)


def _steered(prompt: Vector, vector: Vector) -> Vector:
    """`(h + alpha v)/alpha = t h + v`; with it goes an epsilon of `eps t^2`."""
    return _add(vector, prompt, inverse)


def _pre_norm(prompt: Vector, instance: SteeredResidual) -> Vector:
    """Final norm of `x + A norm(x)`; divided by alpha, the second term carries a factor t."""
    x = _steered(prompt, instance.vector)
    return rms_norm(_add(x, _permute(rms_norm(x), instance.mixing), inverse))


def _post_norm(prompt: Vector, instance: SteeredResidual) -> Vector:
    """`norm(x + A x)`."""
    x = _steered(prompt, instance.vector)
    return rms_norm(_add(x, _permute(x, instance.mixing)))


def _two_positions(prompt: Vector, vector: Vector) -> tuple[Vector, Vector]:
    """A causal pre-norm block with uniform attention; only the second position is steered."""
    first = rms_norm(prompt)
    second = _steered(prompt, vector)
    attended = _add(first, rms_norm(second))
    return rms_norm(_add(prompt, first)), rms_norm(_add(second, attended, inverse / 2))


def _add(x: Vector, y: Vector, factor: sp.Expr = sp.S.One) -> Vector:
    return tuple(left + factor * right for left, right in zip(x, y, strict=True))


def _permute(x: Vector, order: tuple[int, ...]) -> Vector:
    return tuple(x[i] for i in order)


def _limit(x: Vector) -> Vector:
    """The value at `t = 0`, where these compositions are continuous as long as no norm vanishes there."""
    return tuple(value.subs(inverse, 0) for value in x)


def _symbols(x: Vector) -> set[sp.Basic]:
    return set().union(*(value.free_symbols for value in x))


def _vector(text: str) -> Vector:
    return tuple(sp.Rational(word) for word in text.split())


ERRATUM = Erratum(
    id="transformer_limit_conditions",
    number=7,
    kind="missing condition",
    where="Prop 4.1 and its proof",
    law="transformer_limit",
    published="v1 states for the pre-norm transformer of its Eq. 4 that the steered logits tend to LN(+-v) W^T, with a "
    "norm free of any epsilon in the proof and LayerNorm by the same argument, and concludes that the output forgets "
    "the prompt.",
    provable="With a norm epsilon the limit is the epsilon-free norm of v. LayerNorm needs a v that is not constant "
    "across features, otherwise the logits never change. Positions whose v_t = 0 keep their prompt. A post-norm stack "
    "has another limit, and a final logit soft-cap is applied on top of it. The limit distribution has full support, "
    "unlike that of Prop B.1.",
    evidence="exact",
    instance=SteeredResidual(
        prompts=(_vector("1 2 -1"), _vector("0 -1 3")),
        vector=_vector("2 -1 2"),
        norm_epsilon=sp.Rational(1, 10),
        mixing=(1, 2, 0),
        unembedding=(_vector("1 0 1"), _vector("0 1 0"), _vector("-1 1 0"), _vector("2 0 -1")),
        soft_cap=sp.Integer(2),
    ),
    verify=facts,
)
