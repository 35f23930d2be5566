"""Hypothesis strategies shared by the tests."""

from fractions import Fraction

from hypothesis import strategies as st

from toy_models.data_law import DataLaw


@st.composite
def data_laws(draw: st.DrawFn, *, max_concepts: int = 4, max_tokens: int = 4, max_contexts: int = 4) -> DataLaw:
    """Any data law with exact rational tables: weighted concepts of one size, several contexts each, uneven shares.

    eps is drawn below the largest value that keeps every a_z > b_z, so no draw is thrown away.
    """
    G = draw(st.integers(2, max_concepts))
    s = draw(st.integers(1, max_tokens))
    gamma, omega = ([draw(_shares(s)) for _ in range(G)] for _ in range(2))
    ratio = max(w / g for g_row, w_row in zip(gamma, omega, strict=True) for g, w in zip(g_row, w_row, strict=True))
    largest = 1 / (1 + ratio / (G - 1))
    eps = largest * Fraction(draw(st.integers(1, 99)), 100)
    contexts = [k for k in range(G) for _ in range(draw(st.integers(1, max_contexts)))]
    law = DataLaw.weighted(G, s, eps, gamma, omega, contexts=contexts)
    weights = tuple(Fraction(draw(st.integers(1, 9))) for _ in contexts)
    return DataLaw(a=law.a, b=law.b, contexts=law.contexts, weights=weights)


@st.composite
def contrasts(draw: st.DrawFn, law: DataLaw) -> tuple[list[int], list[int]]:
    """Positive contexts of one concept and negative contexts outside it, of any sizes."""
    target = draw(st.integers(0, len(law.a) - 1))
    inside = [j for j, k in enumerate(law.contexts) if k == target]
    outside = [j for j, k in enumerate(law.contexts) if k != target]
    positive, negative = (draw(st.lists(st.sampled_from(side), min_size=1, unique=True)) for side in (inside, outside))
    return positive, negative


def _shares(n: int) -> st.SearchStrategy[list[Fraction]]:
    parts = st.lists(st.integers(1, 20), min_size=n, max_size=n)
    return parts.map(lambda row: [Fraction(x, sum(row)) for x in row])
