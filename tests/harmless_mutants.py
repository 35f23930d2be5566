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
SCALED = "the bound grows with its samples, so any scale that is taken out again gives the same one"
ENDS = "the last point is not the first of those of infinite height, and only that one is read"
ALIKE = "both have one shape, or are refused for that"
NEARNESS = "how near two ends come before one alone is moved, which ends with the exact size"
CEILING = "where the bisection begins from above; it ends with the exact size all the same"
ONE_MORE = "one pass more, which finds nothing larger"
TOP = "never equal: a point at which a fall can begin can end a rise as well"
LOOKED_AT = "what the pass outwards leaves to bisection, or need not, is found by it all the same"
STEPS = "how many windows are skipped before bisection, which ends with the same one"
NOTHING = "of a baseline that is not read"
ROUNDING = "an allowance for rounding, somewhat larger"
CHOSEN = "how far directions are followed is a choice, which tests take as it is"
EQUALS = "of equal extremes either shows the zigzag"

HARMLESS = (
    Harmless("numerics/judging/shares.py", "1 -> 2", "reshape(len(obeys), -«1»)", RESHAPED),
    Harmless("numerics/judging/shares.py", "1 -> 2", "null.reshape(-«1»,", RESHAPED),
    Harmless("numerics/judging/shares.py", "1 -> 2", "np.maximum(np.abs(best[0]), «1»)", ALLOWED),
    Harmless("numerics/judging/shares.py", "Mult -> Div", "«EQUAL * np.maximum(np.abs(best[0]), 1)»", ALLOWED),
    Harmless("numerics/judging/shares.py", "GtE -> Gt", "«largest >= best[0] - EQUAL *", ALLOWED),
    Harmless("numerics/judging/shares.py", "maximum -> minimum", "EQUAL * «np.maximum»(np.abs(best[0]), 1)", ALLOWED),
    Harmless("numerics/judging/shares.py", "1.0 -> 2.0", "np.where(flat, «1.0», spread)", UNREAD),
    Harmless("steerlaw/results/shares.py", "0 -> 1", "[theirs.mean()]]))[«0»][0])", "the two are one for one claim"),
    Harmless("numerics/judging/p_values.py", "40 -> 41", "HALVINGS = «40»", "one halving more"),
    Harmless("numerics/bands/falls.py", "32 -> 33", "CHUNK = «32»", "how many rows are gone through at once"),
    Harmless("numerics/bands/intervals.py", "least -> most", "stakes = _shares(weights, «least»)", ALIKE),
    Harmless("numerics/bands/intervals.py", "max -> min", "largest = «shares.max»()", SCALED),
    Harmless("numerics/bands/intervals.py", "1 -> 2", "reshape(len(samples), -«1»)", RESHAPED),
    Harmless("numerics/bands/intervals.py", "1 -> 2", "(w / w.sum()).reshape(-«1»,", RESHAPED),
    Harmless("numerics/bands/zigzags.py", "30 -> 31", "NEAR = 2.0**-«30»", NEARNESS),
    Harmless("numerics/bands/zigzags.py", "2.0 -> 3.0", "NEAR = «2.0»**-30", NEARNESS),
    Harmless("numerics/bands/zigzags.py", "drop the sign", "NEAR = 2.0**«-30»", NEARNESS),
    Harmless("numerics/bands/zigzags.py", "maximum -> minimum", "ceiling = «np.maximum»(high.max", CEILING),
    Harmless("numerics/bands/zigzags.py", "0.0 -> 1.0", "low.min(axis=0), «0.0»)", CEILING),
    Harmless("numerics/bands/zigzags.py", "max -> min", "np.maximum(«high.max»(axis=0)", CEILING),
    Harmless("numerics/bands/zigzags.py", "min -> max", "«low.min»(axis=0), 0.0)", CEILING),
    Harmless("numerics/bands/zigzags.py", "Gt -> GtE", "(«size > 0») & np.isfinite(size)", ONE_MORE),
    Harmless("numerics/bands/zigzags.py", "Gt -> GtE", "«ceiling[curves] - size[curves] > fine[curves]»", NEARNESS),
    Harmless("numerics/bands/zigzags.py", "Gt -> GtE", "moved = step | («ahead > extreme»)", EQUALS),
    Harmless("numerics/bands/intervals.py", "least -> most", "np.log(2 * «least».shape[1] / level)", ALIKE),
    Harmless("numerics/bands/band.py", "lower -> upper", "if «self.lower».size and not (", ALIKE),
    Harmless("numerics/bands/band.py", "lower -> upper", "if «self.lower».ndim != 2", ALIKE),
    Harmless("numerics/bands/band.py", "lower -> upper", "len(«self.lower») != len(self.strengths)", ALIKE),
    Harmless("numerics/bands/band.py", "lower -> upper", "if «lower».shape[1] > 1", ALIKE),
    Harmless("numerics/bands/measured.py", "1 -> 2", "array.reshape(strengths, -«1»)", RESHAPED),
    Harmless("numerics/bands/measured.py", "1 -> 2", "np.asarray(trials).reshape(-«1», 1)", RESHAPED),
    Harmless("numerics/bands/peak_intervals.py", "lower -> upper", "len(«lower»)", ALIKE),
    Harmless("numerics/bands/peak_intervals.py", "Gt -> GtE", "intervals[«falling > rising»]", TOP),
    Harmless("numerics/bands/outward.py", "Lt -> LtE", "«grown.start < right.start»", LOOKED_AT),
    Harmless("numerics/bands/outward.py", "Gt -> GtE", "«grown.stop > left.stop»", LOOKED_AT),
    Harmless("numerics/bands/outward.py", "BitAnd -> BitOr", "crossing = «(grown", LOOKED_AT),
    Harmless("numerics/bands/outward.py", "0 -> 1", "slice(np.searchsorted(strengths, «0»), None)", LOOKED_AT),
    Harmless("numerics/bands/outward.py", "lower -> upper", "np.broadcast_to(tolerance, «lower».shape[1])", ALIKE),
    Harmless("numerics/bands/outward.py", "Sub -> Add", "«passed + step - 1»", STEPS),
    Harmless("numerics/bands/outward.py", "0 -> 1", "np.pad(own, («0», most", "the first window comes twice"),
    Harmless("numerics/bands/outward.py", "1 -> 2", "passed + step - «1»", STEPS),
    Harmless("numerics/bands/outward.py", "2 -> 3", "step *= «2»", STEPS),
    Harmless("numerics/bands/outward.py", "1 -> 2", "tried, step = passed, «1»", STEPS),
    Harmless("numerics/judging/prediction.py", "1 -> 2", "np.zeros((«1», 1))", NOTHING),
    Harmless("numerics/judging/prediction.py", "1 -> 2", "np.zeros((1, «1»))", NOTHING),
    Harmless("numerics/judging/prediction.py", "1 -> 2", '"rising": «1»', "only its sign is read"),
    Harmless("numerics/judging/prediction.py", "1 -> 2", '"falling": -«1»', "only its sign is read"),
    Harmless("numerics/judging/prediction.py", "1 -> 2", "np.zeros(«1»), tokens", "only the first strength is read"),
    Harmless("numerics/judging/prediction.py", "1 -> 2", "len(strengths))).reshape(-«1»", RESHAPED),
    Harmless("numerics/judging/prediction.py", "1 -> 2", "sizes.reshape(-«1», sizes.shape[-1])", RESHAPED),
    Harmless("numerics/judging/prediction.py", "1 -> 2", "1e-12 * («1» + np.abs(value))", ROUNDING),
    Harmless("numerics/judging/prediction.py", "4 -> 5", "«4» * np.finfo(float).eps", ROUNDING),
    Harmless("numerics/judging/prediction.py", "3 -> 4", "UNKNOWN = «3»", "a number that stands for a name"),
    Harmless(
        "numerics/judging/prediction.py", "drop the sign", "[-reach[::«-1»], reach]", "the same ones in another order"
    ),
    Harmless("numerics/judging/assessment.py", "lower -> upper", "along, «found.band.lower».shape[1]", ALIKE),
    Harmless(
        "numerics/judging/sweeps.py", "0 -> 1", "blank = np.zeros((*per, «0»))", "only the number of its curves is read"
    ),
    Harmless(
        "steerlaw/experiments/directions.py", "0 -> 1", "np.zeros((«0», *experiment", "one context has no pair either"
    ),
    Harmless(
        "steerlaw/experiments/directions.py", "Mult -> Div", "np.sqrt(«2 * NATS» / variance)", "times 1 or over 1"
    ),
    Harmless("steerlaw/experiments/directions.py", "2.0 -> 3.0", "PUSH = «2.0»", CHOSEN),
    Harmless("steerlaw/experiments/directions.py", "1.0 -> 2.0", "NATS = «1.0»", CHOSEN),
    Harmless("numerics/bands/shapes.py", "lower -> upper", "np.broadcast_to(remainder, «band.lower».shape)", ALIKE),
    Harmless("numerics/bands/shapes.py", "lower -> upper", "np.zeros(«lower».shape[1], np.int32)", ALIKE),
    Harmless("numerics/bands/shapes.py", "lower -> upper", "range(«band.lower».shape[1])", ALIKE),
    Harmless("numerics/bands/shapes.py", "least -> most", "np.arange(«least».shape[1])", ALIKE),
    Harmless(
        "numerics/bands/shapes.py",
        "0 -> 1",
        "np.pad(witness, ((0, «0»)",
        "a row beyond those of the curves is not read",
    ),
    Harmless("numerics/bands/shapes.py", "GtE -> Gt", "np.where((«fall >= rise»)[:, None]", EQUALS),
    Harmless("numerics/judging/assessment.py", "least -> most", "np.isnan(«least») & ~unjudged", "both known or none"),
    Harmless("numerics/judging/assessment.py", "1 -> 2", "reshape(*curves.per, -«1»)", RESHAPED),
    Harmless("numerics/judging/sweeps.py", "0 -> 1", "untested: int = «0»", "of findings that are read, not of sweeps"),
    Harmless("numerics/bands/hulls.py", "Gt -> GtE", "if «least.max() > 0»:", "points found in vain are found anew"),
    Harmless("numerics/bands/hulls.py", "Sub -> Add", "% («len(x) - 1») == 0", ENDS),
)
