"""Does the checker of derivations accept a false statement? `python tests/fuzz_steps.py --count 10000 --seed 0`.

Draws false variants of every shipped step (`tests/false_steps.py`), each known to be false by an oracle that shares no
code with the checker (`tests/step_oracle.py`), and checks them. Prints those accepted; exit status 1 if there are any.
"""

import argparse
import itertools
import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from false_steps import distinct_steps, false_variants
from theory.steps import check


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="false variants to check")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--step", default="", help="only steps whose place, such as 'sphere 3', starts so")
    options = parser.parse_args()
    draw, met, accepted = random.Random(options.seed), Counter(), []
    steps = [(place, step) for place, step in distinct_steps() if place.startswith(options.step)]
    for place, step in itertools.cycle(steps):
        for what, variant in false_variants(step, draw, count=4):
            found = check(variant)
            met[found.status] += 1
            if found.status == "checked":
                accepted.append(f"{place}: {what}: {variant}")
                print("ACCEPTED", accepted[-1], flush=True)
        if met.total() >= options.count:
            break
    print(f"{met.total()} false variants of {len(steps)} steps: {dict(met)}; accepted {len(accepted)}")
    return int(bool(accepted))


if __name__ == "__main__":
    raise SystemExit(main())
