"""The norm, not the angle, breaks fluency."""

from theory.reported._claim import Planted, Reported

REPORTED = Reported(
    id="norm_breaks_fluency",
    title="The norm, not the angle, breaks fluency",
    source="Aparin and Gaintseva, A Geometric Account of Activation Steering, arXiv 2606.06735 v1",
    claim="Adding a vector changes the angle of a residual and its norm: the angle carries the concept, while the norm "
    "decides how stable steering is.",
    asked="At the last position, one norm of push: KL(p', p) where the residual only gets the steered one's norm, over "
    "KL(p', p) where it only gets its direction. The claim, put strongly, is that the norm costs more.",
    statistic="nats of the norm over nats of the angle",
    unit="",
    least=1.0,
    most=float("inf"),
    per="block",
    power="At the last block the final normalisation removes the norm, so that it fails there by construction; "
    "elsewhere neither side is favoured. It is about one position, not about texts.",
    example=Planted(says="the norm costs more", seen={"nats_of_norm": 0.9, "nats_of_angle": 0.3}),
    counterexample=Planted(says="the angle costs more", seen={"nats_of_norm": 0.1, "nats_of_angle": 0.8}),
)
