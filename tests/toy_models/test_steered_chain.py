"""The chains that `steerlaw verify` runs are what they are said to be."""

from itertools import pairwise

import numpy as np
import pytest

from numerics.closed_forms.whole_texts import is_ordered
from toy_models.steered_chain import SteeredChain, steered_chains

CHAINS = {chain.name: chain for chain in steered_chains()}
every_chain = pytest.mark.parametrize("chain", CHAINS.values(), ids=list(CHAINS))


@every_chain
def test_logits_are_those_of_the_exact_next_token(chain: SteeredChain):
    strengths = np.arange(-3.0, 4.0)
    for last in range(chain.vocab_size):
        logits = chain.logits([0, last], strengths, layer=0, vector=chain.log_odds)
        odds = np.exp(logits)
        for row, a in zip(odds / odds.sum(axis=1, keepdims=True), strengths, strict=True):
            assert np.allclose(row, np.array(chain.chain.next_token(last, int(a)), dtype=float), rtol=1e-13, atol=0)


@every_chain
def test_what_follows_a_token_follows_the_first_of_its_kind(chain: SteeredChain):
    for z, place in enumerate(chain.follows):
        assert chain.chain.after[z] == chain.chain.after[chain.lasts[place]]
    assert len({chain.chain.after[z] for z in chain.lasts}) == len(chain.lasts)


def test_one_chain_is_ordered_and_the_comparator_s_test_agrees_with_the_exact_one():
    for name, chain in CHAINS.items():
        rows = chain.log_probs[list(chain.lasts)]
        assert chain.chain.is_monotone == is_ordered(rows, chain.log_odds, chain.follows) == (name == "ordered")


def test_the_turning_chain_turns_though_every_next_token_rises():
    chain = CHAINS["turning"].chain
    chances = [chain.mean(lambda y: int(0 in y), a) for a in range(-4, 6)]
    moves = [later > sooner for sooner, later in pairwise(chances)]
    assert moves == sorted(moves[:4], reverse=True) + sorted(moves[4:])
    assert not all(moves)
    for last in (None, 0, 1, 2):
        target = [chain.next_token(last, a)[0] for a in range(-4, 6)]
        assert target == sorted(target)
