"""Entry 11: which tokens dominate at intermediate layers is a measurement."""

from collections.abc import Iterable

from theory.errata._erratum import Erratum, Fact


def facts(_: None) -> Iterable[Fact]:
    """Nothing is decided here: the statement is about trained models, and a sweep of one decides it."""
    yield Fact(
        says="at large strength the dominating tokens are those of extremal log-odds at the last layer, and in general "
        "not at intermediate ones: to be measured on a model, asserted of none",
        holds=None,
        strength="measured",
    )


ERRATUM = Erratum(
    id="dominating_tokens",
    number=11,
    kind="remark",
    where="Sec. 5, results for next-token probabilities, and App. A",
    law="token_limits",
    published="v1 reports that the tokens which dominate at large strength have extremal log-odds when the final layer "
    "is steered, but in general not at intermediate layers.",
    provable="Prop B.1 makes extremal tokens dominate under an exact tilt. Behind a normalisation the limit is that of "
    "Prop 4.1, which ranks tokens by their logits on the normalised vector; whether the two rankings agree is a "
    "property of the model, so it is measured layer by layer and never assumed.",
    evidence="measured",
    instance=None,
    verify=facts,
)
