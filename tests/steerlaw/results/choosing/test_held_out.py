"""A strength that was chosen keeps its promise on prompts of the shipped model that it was not chosen by."""

import numpy as np
import pytest

from benchmarks.text_choice import CHOOSING, RISK, dealt, tables


@pytest.mark.slow
def test_new_prompts_keep_the_budget_and_other_rules_do_not():
    """Over 300 deals of prompts, for next tokens and for whole texts; the strength is not the smallest that would do.

    The deals share prompts, so that the mean share within the budget is known to about the square root of
    risk (1 - risk) by the number of prompts: two of these errors are allowed.
    """
    for table in tables(80, small=True).values():
        found = dealt(table, 300, CHOOSING)
        noise = np.sqrt(RISK * (1 - RISK) / len(table.nats))
        assert found["conformal"][0] >= 1 - RISK - 2 * noise
        assert found["conformal"][0] <= 1 - RISK / 4 + 2 * noise
        assert found["fixed"][0] < 1 - RISK
        assert found["conformal"][2] > 0
