"""Logits that turn with an angle, `l_0 cos tau + t sin tau + beta`: what their softmax does."""

import sympy as sp

from theory.lemmas import pair_sum
from theory.remainders import log_probabilities_move_within_the_oscillation
from theory.steps import Identity, Inequality, Proved, Step, Supposed
from theory.tilted import Expr, j, p, token_a, token_b, vocabulary_sum, x, y, z

tau, size = sp.Symbol("tau", real=True), sp.Symbol("t", nonnegative=True)
start: Expr = sp.IndexedBase("l^0", real=True)
push: Expr = sp.IndexedBase("t", real=True)
offset: Expr = sp.IndexedBase("beta", real=True)
constant = sp.Symbol("beta_0", real=True)
rates: Expr = sp.IndexedBase("r", real=True)


def _turned(token: Expr) -> Expr:
    return start[token] * sp.cos(tau) + push[token] * sp.sin(tau)


def _tilted(token: Expr) -> Expr:
    return sp.log(p[j, token]) + sp.sin(tau) / sp.cos(tau) * push[token]


def locally_a_tilt() -> Step:
    """Between -pi/2 and pi/2 a turn is a tilt and a cooling."""
    return Identity(
        says="For |tau| < pi/2 and a constant beta the log-odds of any two tokens are those of the tilt by t, of"
        " strength tan tau, at inverse temperature cos tau",
        lhs=_turned(z) - _turned(x),
        rhs=sp.cos(tau) * (_tilted(z) - _tilted(x)),
        where=((start[y], sp.log(p[j, y]) + constant),),
        given=(Supposed(sp.cos(tau) > 0),),
    )


def against_the_linear_law() -> list[Step]:
    """`|log p - log p_lin| <= tau^2 max_z sqrt((l_0 - c_0)^2 + (t - c_1)^2)`; `size` is |tau|, and -t stands for t."""
    less = 1 - sp.cos(size)
    lag = size - sp.sin(size)
    a, b = sp.symbols("a b", real=True)
    at_most_one = Inequality(
        says="1 - cos tau is half the squared distance of two points of the circle",
        smaller=sp.S.Zero,
        larger=less,
        certificate=(less**2 + sp.sin(size) ** 2) / 2,
    )
    quadratic = Inequality(
        says="and at most tau^2/2",
        smaller=less,
        larger=size**2 / 2,
        certificate=less,
        given=(Proved(fact=less >= 0, by=at_most_one),),
        taylor=(size, 2),
    )
    return [
        Inequality(
            says="The linear tilt exp(l_0 + tau t) misses (1 - cos tau) l_0 + (tau - sin tau) t of the logit; as common"
            " offsets drop out, a = l_0(z) - c_0 and b = t(z) - c_1 do instead: Cauchy-Schwarz",
            smaller=(less * a + lag * b) ** 2,
            larger=(a**2 + b**2) * (less**2 + lag**2),
            certificate=(less * b - lag * a) ** 2,
        ),
        at_most_one,
        quadratic,
        Inequality(
            says="so the miss is at most tau^2/2 sqrt(a^2 + b^2), its oscillation tau^2 times the largest of these",
            smaller=less**2 + lag**2,
            larger=size**4 / 4,
            certificate=2 * size * (size**2 / 2 - less),
            given=(Proved(fact=size**2 / 2 - less >= 0, by=quadratic),),
            taylor=(size, 1),
        ),
        *log_probabilities_move_within_the_oscillation(),
    ]


def valleys_are_low() -> list[Step]:
    """How a log-probability bends with the angle; the offsets beta do not turn."""

    def boltzmann(f: Expr) -> Expr:
        weights = sp.exp(_turned(y) + offset[y])
        return vocabulary_sum(f * weights) / vocabulary_sum(weights)

    log_probability = _turned(z) + offset[z] - sp.log(vocabulary_sum(sp.exp(_turned(y) + offset[y])))
    rate = _turned(y).diff(tau)
    own, mean = sp.log(p[j, z]) - offset[z], vocabulary_sum(p[j, y] * (sp.log(p[j, y]) - offset[y]))
    bend = mean - own - vocabulary_sum(p[j, y] * rates[y] ** 2) + vocabulary_sum(p[j, y] * rates[y]) ** 2
    return [
        Identity(
            says="The second derivative in tau: the mean of log p - beta less the token's own, and less the variance of"
            " the rates at which the logits turn",
            lhs=sp.Derivative(log_probability, (tau, 2)),
            rhs=boltzmann(_turned(y)) - _turned(z) - boltzmann(rate**2) + boltzmann(rate) ** 2,
        ),
        Inequality(
            says="At a local minimum it is not negative, so a valley lies low: log p - beta < E[log p - beta], which is"
            " p < exp(-entropy) if beta is constant, unless all rates r agree",
            smaller=own,
            larger=mean,
            certificate=bend + pair_sum(p[j, x] * p[j, y] * (rates[x] - rates[y]) ** 2) / 2,
            strict=True,
            given=(Supposed(bend >= 0), Supposed(rates[token_a] > rates[token_b])),
            some={x: token_a, y: token_b},
        ),
    ]
