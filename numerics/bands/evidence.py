"""What kind of doubt a band carries, and how small an effect matters by default."""

from typing import Literal

Evidence = Literal["deterministic", "statistical", "certified"]
"""Of computed curves (rounding, grid), of sampled ones (a false-alarm rate), or proved for the very floats given."""

TOLERANCE = 1e-3
"""Default tolerance, in the unit of the claim: a thousandth of a nat, of a logit, of a nat per unit of strength."""
