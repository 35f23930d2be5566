"""A radius from derivatives at 0 tells where the logits leave their tangent."""

from theory.reported._claim import Planted, Reported, a

REPORTED = Reported(
    id="taylor_radius",
    title="A Taylor radius predicts where logits leave their tangent",
    source="Steering directions are explanations, not handles (LessWrong, 2026)",
    claim="A closed form in the local second and third derivatives gives the radius within which steering acts "
    "linearly, and it predicts where it stops doing so.",
    asked="The push where the centred logits of the watched tokens are first off their tangent by a tenth of its size, "
    "over the push where the terms of second and third order at 0 say that they are: a factor of two either way.",
    statistic="observed over predicted push of a tenth off the tangent",
    unit="",
    least=0.5,
    most=2.0,
    per="block",
    power="It fails where higher orders matter within the radius. Logits that are affine throughout have no radius, "
    "and are not asked. Derivatives are of the unsteered model, observations of the steered one.",
    example=Planted(says="quadratic logits", seen={"logits": (a + a**2 / 4, -a, a / 2 - a**2 / 3)}),
    counterexample=Planted(
        says="a sudden bend of high order, far inside the radius",
        seen={"logits": (a + a**2 / 100 + 10**4 * a**6, -a, a / 2)},
    ),
)
