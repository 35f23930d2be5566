"""Is every step, assumption and claim of every law held by something? A mutation run over `theory/laws/`.

`python tests/mutate_laws.py > tests/MUTANTS.md` (some minutes) changes one thing of one law at a time and asks what
notices: the mathematics (a step is no longer checked, a claim or a counterexample no longer passes its certified test),
or only the page `docs/laws.md`, which a test holds to the catalogue. Exit status 1 if a survivor is not explained.
`--law ID` looks at one law, `--jobs N` uses several processes. MUTANTS_NUMERICS.md is of what judges.
"""

import argparse
import multiprocessing
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # before tests/theory, which is no room
sys.path.append(str(Path(__file__).parent / "theory"))

import test_laws_certified  # pyright: ignore[reportMissingImports]
from hypothesis import HealthCheck, Phase, settings
from test_laws_flag import stated, window  # pyright: ignore[reportMissingImports]

from certified_balls import ball, evaluate
from certified_claims import applies, judge
from law_mutants import Mutant, mutants
from steerlaw.rendering.catalogue_page import law_markdown
from theory import facts, lemmas, quantities, tilted
from theory.catalogue import laws
from theory.checker.kinds import Argued, Step
from theory.law import Law
from theory.quantities import ABSCISSA
from theory.steps import check

FILES = Path(__file__).parents[1] / "theory" / "laws"
SECONDS = 1.5
"""Processor time that the mathematics of one mutant may take; what takes longer has not noticed it."""
FATES = ("no law", "mathematics", "page", "survives")
HARMLESS = {
    r"`side > 0` with GtE": "side is 1 or -1, never 0",
    r"turn round `\w+\.symbol - \w+`": "it stands within an absolute value",
    r"open -> Lopen": "an interval is open at infinity as it is",
    r"(inner_concept_vanishes|sweet_spot|token_limits).* 1 -> 2$": "of the side -1 only the sign is read",
    r"token_limits.* drop token$": "its default, written out",
    r"text_budget:66: (drop strict|True -> False)$": "of zip: both have two",
    r"_limit.* a word of '-'$": "SymPy approaches infinity from one side only",
    r"sphere.* k -> i$": "a bound index, renamed to i in the same line",
    r"other sign in .* 0 \* alpha": "0 alpha is 0",
}
"""Patterns of survivors, and why these do no harm."""

few = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow],
)
test_laws_certified.quick = few
NAMES = {name: value for module in (quantities, facts, lemmas, tilted) for name, value in vars(module).items()}


class TimeUpError(BaseException):
    """Passes through every `except Exception`."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeUpError

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def built(code: CodeType, law_id: str) -> Law:
    namespace: dict[str, Any] = {**NAMES, "__name__": f"theory.laws.{law_id}"}
    exec(code, namespace)
    return namespace["LAW"]


def wordless(step: Step) -> Step:
    return replace(step, says="")


@cache
def is_checked(step: Step) -> bool:
    return check(step).status == "checked"


@cache
def wordless_steps(law_id: str) -> set[Step]:
    return {wordless(step) for step in laws()[law_id].derivation()}


def derivation_holds(law: Law, original: Law) -> bool:
    """Whether each step that is not one of the original's is checked, and any step is."""
    known = wordless_steps(original.id)
    steps = [wordless(step) for step in law.derivation() if not isinstance(step, Argued)]
    return bool(steps) and all(step in known or is_checked(step) for step in steps)


def claims_hold(law: Law, original: Law) -> bool:
    """Whether the certified tests of claims and counterexample pass on a few instances, where anything is changed."""
    old, new = ([replace(claim, says="") for claim in one.claims] for one in (original, law))
    for number, claim in enumerate(new):
        if claim not in old and number in tested(original.id):
            judge_claim(law, number)
    if replace(law.counterexample, says="") == replace(original.counterexample, says="") and new == old:
        return True
    return counterexample_breaks(law)


def judge_claim(law: Law, number: int) -> None:
    test_laws_certified.test_a_claim_holds_wherever_it_applies(law, number)
    test_laws_certified.test_a_broken_claim_is_refuted(law, number)


@cache
def tested(law_id: str) -> set[int]:
    """Numbers of the claims that pass their tests on as few instances as a mutant meets."""
    numbers = set()
    for number in range(len(laws()[law_id].claims)):
        with suppress(AssertionError):
            judge_claim(laws()[law_id], number)
            numbers.add(number)
    return numbers


def counterexample_breaks(law: Law) -> bool:
    example = law.counterexample
    claim, subject = law.claims[example.claim], stated(example)
    variable = ABSCISSA[claim.quantity.along]

    def curve(at: Any, derivative: int) -> Any:
        values = tilted.slope(example.values, derivative) if derivative else example.values
        return ball(evaluate(values, subject, {variable: at}))

    sound = len(example.probabilities) == len(example.log_odds) and sum(example.probabilities) == 1
    return sound and applies(claim, subject) and bool(judge(claim, subject, window(example, claim), curve).refuted)


def passes(test: Callable[[Law, Law], bool], law: Law, original: Law) -> bool:
    """Whether a test passes; one that raises has failed, one that takes too long has said nothing."""
    try:
        with time_limit(SECONDS):
            return test(law, original)
    except TimeUpError:
        return True
    except Exception:
        return False


def prints_as(page: str, law: Law) -> bool:
    try:
        return law_markdown(law) == page
    except Exception:
        return False


def fate(mutant: Mutant, original: Law, page: str) -> str:
    """What notices a mutant first."""
    try:
        law = built(mutant.code, original.id)
        list(law.derivation())
    except Exception:
        return "no law"
    if not all(passes(test, law, original) for test in (derivation_holds, claims_hold)):
        return "mathematics"
    return "survives" if prints_as(page, law) else "page"


def fates(law_id: str) -> tuple[Counter[str], list[str]]:
    """How many mutants of a law met which fate, and the survivors as `law:line: change`."""
    original = laws()[law_id]
    tested(law_id)
    page, source = law_markdown(original), (FILES / f"{law_id}.py").read_text()
    counts, survivors = Counter(), []
    for mutant in mutants(source):
        met = fate(mutant, original, page)
        counts[met] += 1
        if met == "survives":
            survivors.append(f"{law_id}:{mutant.line}: {mutant.what}")
    return counts, survivors


def reason(survivor: str) -> str:
    return next((why for pattern, why in HARMLESS.items() if re.search(pattern, survivor)), "")


def report(found: dict[str, tuple[Counter[str], list[str]]]) -> Iterator[str]:
    total = sum((counts for counts, _ in found.values()), Counter())
    yield "# Mutants of the laws\n"
    yield "\n".join((__doc__ or "").splitlines()[2:])
    yield "\n*No law any more*: building it fails. *Page only*: mostly texts, and steps that no other rests on.\n"
    yield "| law | mutants | no law any more | mathematics | page only | survive |\n| --- " + "| ---: " * 5 + "|"
    for name, counts in [*((f"`{law}`", counts) for law, (counts, _) in found.items()), ("all", total)]:
        yield f"| {name} | {counts.total()} | " + " | ".join(str(counts[met]) for met in FATES) + " |"
    yield "\n## Survivors\n"
    for _, survivors in found.values():
        yield from (f"- {survivor}: {reason(survivor) or 'NOT EXPLAINED'}" for survivor in survivors)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--law", action="append", choices=list(laws()))
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    chosen = options.law or list(laws())
    with ProcessPoolExecutor(options.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = {}
        for law_id, met in zip(chosen, pool.map(fates, chosen), strict=True):
            found[law_id] = met
            print(law_id, *met, sep="\n  ", file=sys.stderr, flush=True)
    print("\n".join(report(found)))
    return int(any(not reason(survivor) for _, survivors in found.values() for survivor in survivors))


if __name__ == "__main__":
    raise SystemExit(main())
