"""A strength for whole texts: its promise on new prompts, by simulation; and a tiny model from end to end."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_models import load_model, load_vector, sample
from steerlaw.__main__ import main
from steerlaw.results.choosing.order_statistics import conformal_rank
from steerlaw.results.choosing.text_choose import choose_for_texts, crossed
from tiny_checkpoint import VOCABULARY, tiny_checkpoint, words


@given(st.integers(1, 300), st.floats(0.01, 0.9))
def test_the_rank_is_the_largest_that_keeps_the_risk(n, risk):
    if 1 / (n + 1) > risk:
        with pytest.raises(ValueError, match=f"{n} prompts cannot show a risk"):
            conformal_rank(n, risk)
    else:
        k = conformal_rank(n, risk)
        assert k / (n + 1) <= risk + 1e-9
        assert (k + 1) / (n + 1) > risk - 1e-9


def test_a_budget_once_spent_stays_spent():
    nats = np.array([[0.5, 2.0, 0.5], [0.1, 0.2, 0.3], [3.0, 0.0, 4.0]])
    assert crossed(nats, 1.0).tolist() == [1, 2, 2]


class World:
    """A model whose prompts spend `rates[p] alpha^2` nats, all else made up."""

    name, dtype = "world", "float32"
    params: tuple = ()
    spec = SimpleNamespace(n_layers=2, n_kv_heads=1, head_dim=2, n_heads=1, d_model=2, d_ff=2, vocab_size=5)

    def residual(self, _tokens, _layer):
        return np.ones((1, 2))


@pytest.fixture
def drawn(monkeypatch):
    """Draws of such a world; prompts are their own rates."""
    calls = []

    def fake(_model, prompts, strengths, *, samples, **_how):
        nats = np.asarray(prompts, float)[:, None, None] * np.square(strengths)[None, :, None]
        calls.append((len(prompts), list(strengths)))
        texts = np.full((len(prompts), len(strengths), samples), "one two three four five six seven", object)
        return SimpleNamespace(
            nats=np.repeat(nats, samples, axis=2),
            lengths=np.ones(texts.shape, int),
            texts=texts,
            prompts=[[1]] * len(prompts),
            prompt_texts=["p"] * len(prompts),
        )

    monkeypatch.setattr("steerlaw.results.choosing.text_choose.sample", fake)
    return calls


def chosen(rates, **change):
    how = {"layer": 0, "vector": np.ones(2), "tokens": 3, "budget": 1.0, "risk": 0.1, "samples": 1}
    return choose_for_texts(World(), list(rates), **how | change)


@pytest.mark.parametrize("n", [9, 19, 40])
def test_new_prompts_keep_the_budget_as_often_as_stated(drawn, n):
    """1,000 draws of n prompts and a new one: it spends more in at most 10% of them, and in not much less."""
    random, broken, expected = np.random.default_rng(n), 0, conformal_rank(n, 0.1) / (n + 1)
    for _ in range(1000):
        *rates, new = random.lognormal(0, 1.5, n + 1)
        broken += new * chosen(rates).strength ** 2 > 1
    noise = np.sqrt(expected * (1 - expected) / 1000)
    assert broken / 1000 <= 0.1 + 3 * noise
    assert broken / 1000 >= expected - 0.03 - 3 * noise  # the grid stops short of the strength by some percent


def test_the_strength_is_the_largest_that_keeps_the_budget(drawn):
    """Of 19 prompts at a risk of 0.1 one may have spent it: the strength ends just below where the second one does."""
    rates = np.exp(np.linspace(2, -2, 19))
    choice = chosen(rates)
    assert choice.crossed == 1
    assert choice.strength < rates[1] ** -0.5 <= choice.strength + choice.within
    assert choice.within < 0.05 * choice.strength
    assert choice.nats == pytest.approx(rates * choice.strength**2)
    assert "probability 0.9 or more" in choice.say()


def test_a_budget_that_is_never_spent(drawn):
    never = chosen([0.0] * 19)
    assert never.strength == np.inf
    assert never.to_json()["strength"] is None
    assert "give a smaller budget" in never.say()
    json.dumps(never.to_json(), allow_nan=False)


def test_a_failure_is_looked_for_in_other_prompts(drawn):
    """Half of the prompts choose, the others are looked at; where none fails the limit is that of so many prompts."""
    choice = chosen([1.0] * 60, avoid="loops", samples=2)
    assert (choice.prompts, choice.avoided.prompts) == (30, 30)
    assert choice.avoided.share == (0, 0)
    assert 0 < choice.avoided.limit < 0.3
    assert choice.avoided.certified(0.3)
    assert not choice.avoided.certified(0.01)
    assert choice.avoided.limit < choice.avoided.bound < 1
    assert "certified" in choice.say()
    silent = chosen([1.0] * 60, avoid=lambda _: None, samples=2)
    assert silent.avoided.limit == pytest.approx(1)
    assert "120 texts have no score" in silent.say()


def test_what_it_will_take_is_told_before(drawn):
    told = []
    chosen([1.0] * 20, tell=lambda line: told.append((line, len(drawn))))
    ((line, calls),) = told
    assert "texts of 3 tokens: some" in line
    assert calls == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget": 0.0}, "budget: expected a positive number of nats"),
        ({"risk": 0.01}, "19 prompts cannot show a risk of 0.01: expected 99 or more"),
        ({"risk": 1.5}, "risk is 1.5, expected a share"),
        ({"avoid": "nonsense"}, "unknown score 'nonsense'"),
        ({"vector": np.zeros(2)}, "steering vector is zero"),
    ],
)
def test_bad_input_is_one_line(drawn, change, message):
    with pytest.raises(ValueError, match=message):
        chosen([1.0] * 19, **change)


@pytest.mark.slow
def test_from_the_command_line(tmp_path, capsys):
    """A tiny model: the strength spends the budget on few prompts by `sample` itself, and continuations are shown."""
    made = tiny_checkpoint(tmp_path)
    random = np.random.default_rng(0)
    prompts = [words(random.integers(1, VOCABULARY, 4)) for _ in range(24)]
    path = tmp_path / "p.txt"
    path.write_text("\n".join(prompts) + "\n")
    asked = ["choose", "--model", made.model, "--vector", made.vector, "--prompts", path, "--risk", 0.2, "--json"]
    texts = ["--tokens", 6, "--text-budget", 0.5, "--samples", 2]
    assert main([*map(str, [*asked, *texts])]) == 0
    choice = json.loads(capsys.readouterr().out)
    how = {"layer": 0, "vector": load_vector(made.vector)[0], "tokens": 6, "samples": 2}
    again = sample(load_model(made.model), prompts, [choice["strength"]], **how)
    nats = again.nats.mean(axis=2)[:, 0]
    assert choice["nats"] == pytest.approx(nats, rel=1e-3)
    assert (nats > 0.5).sum() <= choice["crossed"] < conformal_rank(24, 0.2)
    assert [one["strength"] for one in choice["shown"][:3]] == [0, choice["strength"] / 2, choice["strength"]]
    assert main([*map(str, [*asked, "--budget", 0.2])]) == 0
    assert json.loads(capsys.readouterr().out)["tokens"] == 1
    for wrong, message in [
        ([*asked, "--tokens", 3], "--tokens and --text-budget together"),
        ([*asked, "--prompt", "w1"], "--prompt or --prompts, one of the two"),
        ([*asked, "--risk", 0.001], "24 prompts cannot show"),
    ]:
        assert main([*map(str, wrong)]) == 2
        assert message in capsys.readouterr().err


def test_each_prompt_has_a_strength_of_its_own(drawn):
    """Between the strength that keeps its budget and the one that breaks it lies the root."""
    rates = np.array([*np.exp(np.linspace(2, -2, 18)), 0.0])
    choice = chosen(rates)
    low, high = np.array(choice.kept_to).T
    with np.errstate(divide="ignore"):
        roots = rates**-0.5
    assert (low <= roots).all()
    assert (roots <= high).all()
    assert choice.kept_to[-1][1] == np.inf
    assert choice.to_json()["kept_to"][-1][1] is None
    spread = np.quantile(choice.nats, (0.25, 0.5, 0.75))
    assert f"spends {spread[1]:.2g} nats (median; middle half {spread[0]:.2g} to {spread[2]:.2g}" in choice.say()
    assert f"{np.mean(np.array(choice.nats) > 1):.0%} of the prompts are over budget" in choice.say()
