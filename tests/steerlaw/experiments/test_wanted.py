"""Only what the chosen laws need is observed, and it is what a run of all laws observes: same verdicts, bit by bit."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from numerics.observing.sweep import Sweep
from real_models.decoding.decoder import initialise
from real_models.steering.model import LanguageModel
from steerlaw.experiments.experiment import Grid, run
from steerlaw.experiments.language import Concept, language_experiments
from steerlaw.experiments.toy import toy_experiment
from steerlaw.experiments.wanted import wanted_for
from steerlaw.rendering.figures import report_drawings
from steerlaw.rendering.figures.drawn import draw_all
from steerlaw.report import Report
from steerlaw.results.judging import judged
from steerlaw.results.predicted_rows import predicted_rows
from steerlaw.results.provenance import RunRecord
from steerlaw.results.verdict_rows import verdict_row
from theory.catalogue import laws
from toy_models import ufm_instances

LAWS = list(laws().values())
RESULTS = Report(
    run=RunRecord(command="", started="now", versions={}, device="", dtype="", seeds={}, inputs={}),
    derivations=[],
    verdicts=[],
)


class Counted:
    """A model that counts what it is asked."""

    def __init__(self, model):
        self.model, self.asked = model, []

    def __getattr__(self, name):
        found = getattr(self.model, name)
        if name not in ("logits", "derivative", "derivatives", "rays", "cross_entropy"):
            return found

        def counting(*arguments, **where):
            self.asked.append(name)
            return found(*arguments, **where)

        return counting


@pytest.fixture(scope="module")
def experiments(small_spec):
    """A toy model with strengths to add, a transformer with text, and its control of random weights without."""
    (toy,) = (i for i in ufm_instances() if (i.kind, i.instance) == ("ufm-exact", "weighted/random"))
    params = jax.tree.map(lambda x: x.astype(np.float32), initialise(small_spec, jax.random.key(0), 0.2))
    model = LanguageModel(name="small", spec=small_spec, params=params, dtype="float32")
    exact = replace(model, params=jax.tree.map(lambda x: x.astype(np.float64), params), dtype="float64")
    vector = np.random.default_rng(0).standard_normal(small_spec.d_model)
    concept = Concept(
        name="words",
        vectors={1: vector},
        contexts=[[1, 2, 3], [4, 5]],
        targets=np.arange(40) < 5,
        segments=[[1, 2, 3, 4], [5, 6]],
    )
    grid = Grid(strengths=np.linspace(-4, 4, 9), between=True)
    return [
        toy_experiment(toy, np.linspace(-3, 3, 9)),
        *language_experiments(model, exact, concept, grid),
    ]


def rows(law, observations):
    return [verdict_row(*one).to_json() for o in observations for one in judged(o, [law], 1e-3)]


@pytest.fixture(scope="module")
def everything(experiments):
    return list(run(experiments, seed=0))


@pytest.mark.slow  # everything is observed first
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.id)
def test_a_law_alone_has_the_verdicts_that_it_has_among_all(law, experiments, everything):
    """And the predicted numbers, as far as they are shown; from less, and from no model that shows nothing of it."""
    counted = [replace(e, model=Counted(e.model)) for e in experiments]
    alone = list(run(counted, seed=0, claims=law.claims))
    expected, found = (sorted(map(repr, rows(law, observed))) for observed in (everything, alone))
    assert found == expected != []
    numbers = {repr(row.to_json()) for o in everything for row in predicted_rows(o)}
    assert numbers.issuperset(repr(row.to_json()) for o in alone for row in predicted_rows(o))
    whole = {(o.subject.name, o.subject.control, o.kind): set(o.sweep.data) for o in everything}
    for one in alone:
        known = whole[one.subject.name, one.subject.control, one.kind]
        assert set(one.sweep.data) == known if one.kind in ("cross-entropy", "limit") else set(one.sweep.data) < known
    for experiment in counted:
        subject = experiment.subject
        names = frozenset().union(*wanted_for(law.claims, subject).values()) - {"log_odds"}
        shown = [own for (name, control, _), own in whole.items() if (name, control) == (subject.name, subject.control)]
        assert bool(experiment.model.asked) == (not names.isdisjoint(set().union(*shown)))


@pytest.mark.parametrize("law", ["text_hit", "text_score", "text_budget", "judged"])
def test_laws_of_whole_texts_ask_nothing_of_a_model_without_texts(law, experiments):
    """They are said not to apply, which takes no pass of any model."""
    counted = [replace(e, model=Counted(e.model)) for e in experiments]
    alone = list(run(counted, seed=0, claims=laws()[law].claims))
    assert [one.model.asked for one in counted] == [[]] * len(counted)
    assert {row["verdict"] for row in rows(laws()[law], alone)} == {"not_applicable"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["log_probability", "concept_logit", "cross_entropy", "log_odds", "kl_forward"])
def test_figures_show_what_was_observed(name, everything):
    """Those of a run of all laws, or some of them; none fails for what it lacks."""
    names = [
        name,
        *([] if name == "log_odds" else [f"{name}_halfwidth"]),
        *(["segment_share"] if name == "cross_entropy" else []),
    ]
    some = [
        replace(o, sweep=Sweep(data=o.sweep.data[[*names, "strength"]])) for o in everything if name in o.sweep.data
    ]
    whole, shown = (report_drawings(replace(RESULTS, observations=observed)) for observed in (everything, some))
    drawn = {d.name for d in draw_all(shown)}
    assert drawn <= {d.name for d in whole}
    assert bool(drawn) == (name != "kl_forward")
