"""What the main job writes: complete, by the schema, one self-contained page, figures of both kinds."""

import json
import re
from importlib import resources

import jsonschema
import pytest

from steerlaw import verify
from steerlaw.results.lines import Line

pytestmark = pytest.mark.slow


def test_every_derivation_is_checked(report):
    assert report.derivations_checked
    assert "11 of 11" in report.derivation_line or len(report.derivations) > 11


def test_no_law_departs_on_the_exact_models(report):
    exact = [row for row in report.verdicts if row.place.control is None and row.place.model in ("ufm-exact", "chain")]
    assert {row.place.model for row in exact} == {"ufm-exact", "chain"}
    assert not [row for row in exact if row.verdict.verdict == "departs"]


def test_every_model_stands_beside_its_controls(report):
    models = {}
    for row in report.verdicts:
        models.setdefault(row.place.name, set()).add(row.place.control)
    assert "stdlib-gpt" in models
    assert {row.place.model for row in report.verdicts} == {"ufm-exact", "ufm-trained", "chain", "stdlib-gpt"}
    usual = {None, "random_direction", "permuted_log_odds"}
    assert models.pop("stdlib-gpt") == {*usual, "random_weights"}
    assert models
    assert all(controls == usual for controls in models.values())


def test_the_language_model_departs_with_witnesses(report):
    departing = [v for v in report.verdicts if v["subject"]["model"] == "stdlib-gpt" and v["verdict"] == "departs"]
    assert report.departs
    assert {v["law"] for v in departing} >= {"tilt", "token_bump"}
    for verdict in departing:
        assert verdict["departure"] > 0
        assert len(verdict["witness"]["strengths"]) == len(verdict["witness"]["values"]) > 0


def test_the_limit_law_holds_on_the_language_model(report):
    limits = [v for v in report.verdicts if v["law"] == "transformer_limit" and v["subject"]["model"] == "stdlib-gpt"]
    assert {v["verdict"] for v in limits if v["subject"]["control"] != "permuted_log_odds"} == {"holds"}


def test_reported_claims_are_asked_of_every_block_beside_controls(report, written):
    asked = {(cell.layer, cell.control) for cell in report.reported if cell.claim == "taylor_radius"}
    assert {(layer, control) for layer in range(4) for control in (None, "random_direction")} <= asked
    entries = json.loads((written / "report.json").read_text())["reported"]
    assert sum(len(entry["cells"]) for entry in entries) == len(report.reported)
    with pytest.raises(ValueError, match="leave out --laws, or --reported"):
        verify(laws=["tilt"], reported=True)


def test_json_follows_the_schema(written):
    document = json.loads((written / "report.json").read_text())
    schema = json.loads(resources.files("steerlaw").joinpath("report.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    assert not list(validator.iter_errors(document))
    document["verdicts"][0]["verdict"] = "perhaps"
    assert list(validator.iter_errors(document))


def test_summary_counts_every_single_verdict(report):
    total = sum(n for models in report.summary().values() for counts in models.values() for n in counts.values())
    assert total == sum(sum(v["counts"].values()) for v in report.verdicts)
    assert total == sum(sum(line.counts.values()) for line in report.lines)
    assert all(isinstance(line, Line) for line in report.lines)


def test_page_is_self_contained(written):
    page = (written / "report.html").read_text()
    assert len(page.encode()) <= 5_000_000
    data = re.findall('<script type="application/json" id="explorer-data">.*?</script>', page, re.S)
    assert len(data) == 1
    page = page.replace(data[0], "")  # prompts and tokens, which are anybody's text
    assert set(re.findall("<script[^>]*>", page)) == {"<script>"}
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)[^"']+""", page)
    assert not re.findall(r"url\((?!#)|@import|\bfetch\(|XMLHttpRequest|WebSocket", page)
    assert page.count("<figure>") == len(list((written / "figures").glob("*.svg"))) > 5
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))


def test_figures_are_drawn_as_vectors_alone(written):
    assert {p.suffix for p in (written / "figures").iterdir()} == {".svg"}


def test_nothing_unfinished_is_left(written):
    assert {p.name for p in written.iterdir()} == {"report.json", "report.html", "figures"}


def test_run_is_recorded(report):
    assert {"command", "started", "versions", "device", "dtype", "seeds", "inputs"} <= set(report.run.to_json())
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in report.run.inputs.values())


def test_dataframe_has_a_row_a_verdict(report):
    frame = report.to_dataframe()
    assert len(frame) == len(report.verdicts)
    assert "subject.model" in frame


@pytest.mark.parametrize("name", ["report.html", "report.json"])
def test_says_nothing_of_the_machine(written, name):
    text = (written / name).read_text()
    assert "/root" not in text
    assert "/home" not in text


def test_shares_stand_beside_their_controls(report):
    lines = {(h.law, h.model, h.control): h for h in report.shares if h.layer is None and h.weighing == "count"}
    exact = lines["token_bump", "ufm-exact", None]
    assert exact.share.share == 1
    own = lines["token_bump", "stdlib-gpt", None]
    assert set(own.excess) == {"random_direction", "permuted_log_odds"}
    middle = [h for h in report.shares if (h.law, h.layer, h.control, h.weighing) == ("token_bump", 2, None, "count")]
    assert len(middle) == 2  # by the log-odds of the prompts, and by the local ones
    assert any(set(h.excess) == {*own.excess, "random_weights"} for h in middle)
    assert own.share.lower <= own.share.share <= own.share.upper
    random = lines["token_bump", "stdlib-gpt", "random_direction"]
    assert own.excess["random_direction"].share.share == pytest.approx(own.share.share - random.share.share)
    assert not random.excess
    layers = {h.layer for h in report.shares if h.law == "token_bump" and h.model == "stdlib-gpt" and not h.control}
    assert layers == {None, 0, 1, 2, 3}
    weighings = {h.weighing for h in report.shares if h.law == "token_bump"}
    assert weighings == {"count", "mass", "chosen"}


def test_predicted_numbers_stand_beside_observed_ones(report, written):
    exact = [q for q in report.quantities if q.model == "ufm-exact" and not q.control]
    assert {q.gap.quantity for q in exact} >= {"curvature of cross-entropy at 0", "minimiser of cross-entropy"}
    assert all(q.gap.gap == 0 for q in exact if q.gap.sense == "equal")
    gpt = [q for q in report.quantities if q.model == "stdlib-gpt"]
    assert {q.control for q in gpt} == {None, "random_direction", "permuted_log_odds", "random_weights"}
    assert all(q.gap.lower <= q.gap.upper and q.gap.count > 0 for q in gpt)
    assert "Predicted against observed" in (written / "report.html").read_text()
