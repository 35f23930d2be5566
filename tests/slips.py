"""Slips that no test noticed once: `python tests/slips.py` makes each of them and says which tests notice it now.

Each is one change of one line, in a process of its own in which the file is imported changed. Status 1 if any survives.
"""

import sys
from dataclasses import dataclass

from mutate_numerics import ROOT, prepare, tests_pass


@dataclass(frozen=True, kw_only=True)
class Slip:
    """What stands in a file, what would stand there instead, what that would mean, and the tests that must fail."""

    path: str
    right: str
    wrong: str
    means: str
    tests: str

    @property
    def changed(self) -> str:
        """The text of the file with the slip."""
        text = (ROOT / self.path).read_text(encoding="utf-8")
        if text.count(self.right) != 1:
            raise ValueError(f"{self.path}: expected once {self.right!r}, found {text.count(self.right)} times")
        return text.replace(self.right, self.wrong)


SLIPS = (
    Slip(
        path="numerics/judging/shares.py",
        right="scores[1:] >= first - EQUAL * np.abs(first)",
        wrong="scores[1:] > first + EQUAL * np.abs(first)",
        means="a direction that scores the same is not counted against the vector",
        tests="tests/numerics/judging/test_shares.py",
    ),
    Slip(
        path="steerlaw/results/shares.py",
        right="return subject.instance, str(context)",
        wrong="return None, str(context)",
        means="instances of a model that have a context in common are one replicate",
        tests="tests/steerlaw/results/test_shares.py",
    ),
    Slip(
        path="numerics/judging/sweeps.py",
        right="(side == UNKNOWN) & (codes == HOLDS) & monotone",
        wrong="np.zeros_like(side, bool)",
        means="a monotone curve holds though nobody knows on which side it should turn",
        tests="tests/numerics/judging/test_sweeps.py",
    ),
    Slip(
        path="numerics/judging/sweeps.py",
        right="<= allowed[..., None]).any(axis=-1)",
        wrong="<= allowed[..., None]).all(axis=-1)",
        means="only flat curves count as monotone",
        tests="tests/numerics/judging/test_sweeps.py",
    ),
    Slip(
        path="numerics/judging/sweeps.py",
        right="ids if tokens is None else np.flatnonzero(np.isin(tokens, ids))",
        wrong="ids[:0] if tokens is None else np.flatnonzero(np.isin(tokens, ids))",
        means="the share of chosen tokens is not of the tokens that were chosen before the sweep",
        tests="tests/numerics/judging/test_sweeps.py",
    ),
    Slip(
        path="numerics/judging/prediction.py",
        right="start * end < 0",
        wrong="start * end <= 0",
        means="a turning point at the very end of the window lies inside it",
        tests="tests/numerics/judging",
    ),
    Slip(
        path="numerics/judging/prediction.py",
        right=" + 4 * np.finfo(float).eps * np.abs(strengths)[:, None] * spread",
        wrong="",
        means="the rounding of alpha M is left out of a prediction's error",
        tests="tests/numerics/judging",
    ),
    Slip(
        path="numerics/bands/band.py",
        right="max(1.0, float(margin",
        wrong="max(0.0, float(margin",
        means="a calibration on values that happen to agree leaves no rounding at all",
        tests="tests/numerics/bands",
    ),
    Slip(
        path="numerics/bands/shapes.py",
        right="witness=witness[ruling, np.arange(least.shape[1])]",
        wrong="witness=witness[0 * ruling, np.arange(least.shape[1])]",
        means="the points shown are those of the first part, whichever is farther off",
        tests="tests/numerics/bands",
    ),
)


def main() -> int:
    """1 if a slip survives; its tests have to pass without it, or whatever breaks them would be taken for noticing."""
    alive = 0
    prepare()
    for slip in SLIPS:
        path, tests, seconds = ROOT / slip.path, slip.tests.split(), dict[str, float]()
        if not tests_pass(path, path.read_text(encoding="utf-8"), tests, seconds):
            raise SystemExit(f"{slip.path}: {slip.tests} fail on the file as it is")
        survives = tests_pass(path, slip.changed, tests, seconds)
        alive += survives
        print(f"{'SURVIVES' if survives else 'noticed '} {slip.path}: {slip.means}", flush=True)
    return int(alive > 0)


if __name__ == "__main__":
    sys.exit(main())
