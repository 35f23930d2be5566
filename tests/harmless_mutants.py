"""Mutants of what judges that no test can notice, or that none should, and why: read by `mutate_numerics`."""

from typing import NamedTuple


class Harmless(NamedTuple):
    """A change at a piece of a line of a file, what is changed in guillemets, and why it does no harm."""

    file: str
    change: str
    piece: str
    why: str


RESHAPED = "NumPy reads every negative length as the one that is left"
ALLOWED = "an allowance for rounding, about 1e-9 of what it is added to in either case"
UNREAD = "stands in where the quotient is not read"

HARMLESS = (
    Harmless("numerics/judging/shares.py", "1 -> 2", "reshape(len(obeys), -«1»)", RESHAPED),
    Harmless("numerics/judging/shares.py", "1 -> 2", "null.reshape(-«1»,", RESHAPED),
    Harmless("numerics/judging/shares.py", "1 -> 2", "np.maximum(np.abs(best[0]), «1»)", ALLOWED),
    Harmless("numerics/judging/shares.py", "Mult -> Div", "«EQUAL * np.maximum(np.abs(best[0]), 1)»", ALLOWED),
    Harmless("numerics/judging/shares.py", "GtE -> Gt", "«largest >= best[0] - EQUAL *", ALLOWED),
    Harmless("numerics/judging/shares.py", "maximum -> minimum", "EQUAL * «np.maximum»(np.abs(best[0]), 1)", ALLOWED),
    Harmless("numerics/judging/shares.py", "1.0 -> 2.0", "np.where(flat, «1.0», spread)", UNREAD),
    Harmless("numerics/judging/p_values.py", "40 -> 41", "HALVINGS = «40»", "one halving more"),
)
