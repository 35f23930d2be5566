"""Whether an input steers the wrong way is known before steering."""

from theory.reported._claim import Planted, Reported, a

REPORTED = Reported(
    id="slope_tells_direction",
    title="The slope at 0 tells which inputs steer the wrong way",
    source="Tan et al., arXiv 2407.12404 (that inputs differ); that the slope at 0 tells them apart is this project's",
    claim="Which inputs a vector moves the wrong way is a property of the input, that could be predicted.",
    asked="The logit of the concept, half a norm of push away from 0, has moved in the direction of its slope at 0, "
    "which is known without steering: the move over the slope's prediction is positive.",
    statistic="move over predicted move of the concept's logit",
    unit="",
    least=0.0,
    most=float("inf"),
    per="block",
    power="A coin would be right on half of the inputs, and be undecided. It says nothing of how far the logit moves.",
    example=Planted(says="a logit that levels off", seen={"concept_logit": a - a**2 / 2}),
    counterexample=Planted(says="one that turns within half a norm", seen={"concept_logit": a - 4 * a**2}),
)
