"""How often a concept's probability can turn: once per sign change along the log-odds (beyond the paper)."""

from collections.abc import Sequence

import sympy as sp

from theory.claims import Condition, Turns
from theory.facts import first_sign, sign_changes
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, concept_logit
from theory.quantities import CONCEPT_LOGIT
from theory.steps import Argued, Identity, Inequality, Limit, Step, Supposed
from theory.tilted import (
    Expr,
    M,
    V,
    alpha,
    expectation,
    i,
    k,
    partition,
    slope,
    summed,
    tilt_weight,
    x,
    y,
)

VARIES = Condition(
    name="the concept's share is not the same at every level of the log-odds", holds=sp.Ne(first_sign, 0)
)

g: Expr = sp.IndexedBase("g", real=True)
g_r: Expr = sp.Symbol("g_r", real=True)
step: Expr = sp.IndexedBase("D", real=True)
below: Expr = sp.IndexedBase("H", nonnegative=True)
low: Expr = sp.IndexedBase("B^0", nonnegative=True)
middle: Expr = sp.IndexedBase("B^1", nonnegative=True)

slope_by_steps = -summed(step[k] * slope(expectation(below[k, y])), (k, V))


def _derivation() -> list[Step]:
    return [*_summation_by_parts(), *_wronskians(), *_rule()]


def _summation_by_parts() -> list[Step]:
    return [
        Identity(
            says="The tilt leaves the shares within a level of the log-odds as they are, so that F is the mean of the"
            " shares g. By parts, with H[k, y] = 1 for tokens up to level k and the steps D[k] = g_(k+1) - g_k (0 from"
            " the top level r on), g = g_r - sum_k D[k] H[k, y]: F' is the sum of D[k] f_k, f_k the rate at which"
            " P_alpha(M <= m_k) falls",
            lhs=slope(expectation(g[y])),
            rhs=slope_by_steps,
            where=((g[y], g_r - summed(step[k] * below[k, y], (k, V))),),
        )
    ]


def _wronskians() -> list[Step]:
    """Of one and of two of the f_k; the tokens fall into blocks, in order of log-odds."""
    h_1, h_2, h_3 = sp.symbols("h_1 h_2 h_3", positive=True)
    ordered = (sp.S.Zero, h_1, h_1 + h_2, h_1 + h_2 + h_3)
    top = 1 - low[i] - middle[i]
    one, two = (tuple(slope(expectation(block[y]), n) for n in (1, 2)) for block in (low, middle))
    return [
        Identity(
            says="One such function, B^0 the tokens up to level k: a sum over pairs, one token on each side",
            lhs=-slope(expectation(low[y])),
            rhs=_block_sum(low[x] * (1 - low[y]), (x, y)),
        ),
        Identity(
            says="The Wronskian of two, B^0 the tokens up to level k and B^1 those from there up to level l: a sum over"
            " triples, one token in each block, because a determinant is linear in its columns",
            lhs=one[0] * two[1] - one[1] * two[0],
            rhs=_block_sum(low[x] * middle[y] * top, (x, y, i)),
        ),
        Inequality(
            says="Blocks in order make every term positive: the Vandermonde product of log-odds, for four blocks"
            " in gaps h",
            smaller=sp.S.Zero,
            larger=sp.Matrix(4, 4, lambda power, column: ordered[column] ** power).det(),
            certificate=_vandermonde(ordered),
            strict=True,
        ),
        *(_quotients(s) for s in (1, 2, 3)),
        *(_levels(r) for r in (2, 3, 4)),
        Argued(
            says="The Wronskian of any s of the f_k, in order, is Z^-(s+1) times a sum over s + 1 tokens, one in each"
            " of the blocks that they cut, of the tilted weights times the Vandermonde product: positive",
            because="W((u_1/Z)', .., (u_s/Z)') = Z^-(s+1) W(Z, u_1, .., u_s), and multilinearity of the determinant,"
            " as checked for up to four levels",
        ),
    ]


def _quotients(s: int) -> Step:
    """`W((u_1/Z)', .., (u_s/Z)') = Z^-(s+1) W(Z, u_1, .., u_s)`, in the derivatives of Z and the u at one strength."""
    Z = [sp.Symbol(f"Z_{n}", positive=n == 0, real=True) for n in range(s + 1)]
    u = [[sp.Symbol(f"u_{m}{n}", real=True) for n in range(s + 1)] for m in range(1, s + 1)]
    series: list[Expr] = [sum(jet[n] * alpha**n / sp.factorial(n) for n in range(s + 1)) for jet in (Z, *u)]
    falls = [[sp.diff(part / series[0], alpha, n).subs(alpha, 0) for part in series[1:]] for n in range(1, s + 1)]
    whole = sp.Matrix([[jet[n] for jet in (Z, *u)] for n in range(s + 1)])
    return Identity(
        says=f"The Wronskian of the derivatives of {s} quotients u/Z, in terms of the n-th derivatives Z_n and u_mn"
        " at any strength",
        lhs=sp.Matrix(falls).det(method="berkowitz"),
        rhs=whole.det(method="berkowitz") / Z[0] ** (s + 1),
    )


def _levels(r: int) -> Step:
    """The Wronskian of Z and of its first r - 1 partial sums, over r levels m of tilted weights w."""
    weights = sp.symbols(f"w_1:{r + 1}", positive=True)
    odds = sp.symbols(f"m_1:{r + 1}", real=True)
    whole = [
        [sum(w * m**n for w, m in list(zip(weights, odds, strict=True))[:end]) for end in (r, *range(1, r))]
        for n in range(r)
    ]
    return Identity(
        says=f"and, over {r} levels m_1 < .. < m_{r} of weights w, that of Z and of its partial sums: up to the sign"
        " (-1)^s that the f_k bring along, the product of the weights and the Vandermonde product",
        lhs=(-1) ** (r - 1) * sp.Matrix(whole).det(method="berkowitz"),
        rhs=sp.Mul(*weights) * _vandermonde(odds),
    )


def _block_sum(blocks: Expr, tokens: tuple[Expr, ...]) -> Expr:
    weights = sp.Mul(*[tilt_weight(token) for token in tokens])
    term = blocks * weights * _vandermonde([M[token] for token in tokens])
    return summed(term, *((token, V) for token in tokens)) / partition() ** len(tokens)


def _vandermonde(values: Sequence[Expr]) -> Expr:
    return sp.Mul(*[later - earlier for n, later in enumerate(values) for earlier in values[:n]])


def _rule() -> list[Step]:
    t, gap = sp.symbols("t g", positive=True)
    D_1, D_2, D_3 = sp.symbols("D_1 D_2 D_3", real=True)
    return [
        Argued(
            name="rule",
            says="Hence the zeros of F', counted with multiplicity, are at most as many as the sign changes of D",
            because="Descartes' rule of signs holds for functions whose ordered Wronskians are all positive"
            " (Polya and Szego, Problems and Theorems in Analysis, Part Five, 90)",
        ),
        Limit(
            says="As alpha = -t -> -oo, f_k falls like exp(-t (m_(k+1) - m_1)), so that later ones lose by a factor"
            " exp(-t g); as alpha -> +oo earlier ones do",
            expr=sp.exp(-t * gap),
            variable=t,
            point=sp.oo,
            value=sp.S.Zero,
        ),
        Inequality(
            says="Where no step is 0 the products of neighbours multiply to a positive multiple of the first times"
            " the last (here of three): signs change an odd number of times exactly if these two differ",
            smaller=sp.S.Zero,
            larger=(D_1 * D_2) * (D_2 * D_3) * (D_1 * D_3),
            certificate=(D_1 * D_2 * D_3) ** 2,
            strict=True,
            given=tuple(Supposed(step**2 > 0) for step in (D_1, D_2, D_3)),
        ),
        Argued(
            name="parity",
            says="F' starts with the sign of the first step that is not 0 and ends with that of the last: the number of"
            " zeros and that of sign changes are both even or both odd, and logit F turns where F does",
            because="a continuous function has an odd number of zeros, with multiplicity, exactly if its signs at the"
            " ends differ; the logit increases",
        ),
    ]


LAW = Law(
    id="turning_points",
    title="How often a concept can turn",
    source="beyond the paper; settles the cases that Theorem 3.6 leaves open",
    reading="A concept's probability turns at most as often as the steps of its share, from each level of the log-odds"
    " to the next, change sign; it starts in the direction of the first step.",
    statement=sp.Eq(slope(expectation(g[y])), slope_by_steps, evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Turns(
            says="the concept turns at most once per sign change of its share's steps along the log-odds",
            quantity=CONCEPT_LOGIT,
            n=sign_changes,
            first=first_sign,
            condition=VARIES,
            proof=("rule", "parity"),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that swings back and forth makes the concept turn again and again",
        values=concept_logit.subs(alpha, 4 * sp.sin(alpha)),
    ),
)
