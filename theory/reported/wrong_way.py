"""Inputs that steer the wrong way."""

import sympy as sp

from theory.reported._claim import Planted, Reported, a

REPORTED = Reported(
    id="wrong_way",
    title="At most half of the inputs steer the wrong way",
    source="Tan et al., Analysing the Generalisation and Reliability of Steering Vectors, arXiv 2407.12404",
    claim="How well a vector steers differs much between inputs: for many concepts a share of them, for some nearly "
    "half, moves against what the vector is for.",
    asked="The slope of the concept's logit at strength 0, per norm of push. An input with a negative one is steered "
    "the wrong way; the claim is read as a bound, that most inputs are not.",
    statistic="slope of the concept's logit",
    unit="nats per norm",
    least=0.0,
    most=float("inf"),
    per="block",
    power="A vector without any effect has negative slopes on half of the inputs, and is undecided. That some inputs "
    "steer the wrong way shows in the share that obeys: it is below 1.",
    example=Planted(says="a logit that rises", seen={"concept_logit": sp.tanh(a)}),
    counterexample=Planted(says="one that falls at 0, and rises later", seen={"concept_logit": a**2 - a / 2}),
)
