"""Blocks that read the concept already steer it best."""

from theory.reported._claim import Planted, Reported

REPORTED = Reported(
    id="lens_blocks",
    title="Blocks where the logit lens reads the concept steer best",
    source="J. Billa, Predicting Where Steering Vectors Succeed, arXiv 2604.15557 v1",
    claim="How well the unembedding reads a concept off a block's output, without training, predicts how well the "
    "difference of means steers there: rank correlations over blocks between 0.63 and 0.92.",
    asked="Spearman's rank correlation, over the blocks of a model, of the concept's probability by the logit lens at "
    "the end of the context with the efficiency of a push of half a norm there.",
    statistic="rank correlation over blocks",
    unit="",
    least=0.6,
    most=1.0,
    per="model",
    power="With few blocks a rank correlation is coarse: of four blocks in random order it is 0.6 or more in 5 of 24 "
    "cases. Contexts share the blocks, so that they are less than independent.",
    example=Planted(
        says="the better it reads, the better it steers",
        seen={"lenses": (0.01, 0.02, 0.2, 0.4), "efficiencies": (0.1, 0.15, 0.3, 0.5)},
    ),
    counterexample=Planted(
        says="the worse it reads, the better it steers",
        seen={"lenses": (0.4, 0.2, 0.02, 0.01), "efficiencies": (0.1, 0.15, 0.3, 0.5)},
    ),
)
