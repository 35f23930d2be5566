"""`steerlaw sweep` on a tiny random checkpoint: what it keeps, how it goes on after a kill, and what it refuses."""

import contextlib
import io
import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

from numerics.observing.grids import parse, strength_grid, with_zero
from numerics.observing.sweep import Sweep
from real_models import load_model, load_vector, prompt_log_odds, read_contexts, read_prompts, save_vector, texts_of
from steerlaw.__main__ import main
from steerlaw.experiments import language as language_experiments
from steerlaw.experiments import parts, sweeping
from steerlaw.experiments.experiment import Grid, observe
from steerlaw.inputs.observation_file import load_observations
from steerlaw.results.judging import judged
from steerlaw.results.verdict_rows import verdict_row
from sweep_arguments import SEGMENT_TOKENS, STRENGTHS, arguments
from theory.catalogue import find_law
from tiny_checkpoint import BOS, DOCUMENTS, LAYER, VOCABULARY, rows, tiny_checkpoint

pytestmark = pytest.mark.slow

PEAKS_AND_WIDTHS = ("halfwidth", "lower", "upper", "departure", "reach", "bump_nats")
"""Variables of a sweep that follow the rounding factor, which was measured on another grid."""
LAWS = ["tilt", "token_bump", "derivative", "concept_logistic", "cross_entropy_exact", "transformer_limit"]
"""Laws that between them speak of every kind of sweep and of every observed variable that is joined."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Everything a sweep of it needs, as files."""
    return tiny_checkpoint(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="module")
def swept(files):
    """The file of a sweep that nothing disturbed, and what was told of it."""
    out = files.home / "whole.nc"
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(arguments(files, out)) == 0
    assert not parts.parts_directory(out).exists()
    (files.home / "told.txt").write_text(printed.getvalue())
    return out


def everything_in(path):
    return [Sweep.read(path, group).data for group in (None, "cross-entropy", "limit")]


def assert_same(path, other):
    for one, two in zip(everything_in(path), everything_in(other), strict=True):
        assert one.identical(two)


@pytest.fixture(scope="module")
def direct(files):
    """The same observed without files, in one go."""
    model, exact = (load_model(str(files.model), dtype=dtype) for dtype in ("float32", "float64"))
    texts = read_contexts(files.contexts)
    sides = (texts_of(read_prompts(files.prompts), kind) for kind in ("positive", "negative"))
    segments = [
        [BOS, *ids[i : i + SEGMENT_TOKENS - 1]] for ids in DOCUMENTS for i in range(0, len(ids), SEGMENT_TOKENS - 1)
    ]
    concept = language_experiments.Concept(
        name="cats",
        vectors=load_vector(files.vector),
        contexts=texts["negative"] + texts["cats"],
        targets=np.isin(np.arange(VOCABULARY), [3, 4, 5]),
        log_odds=np.asarray(prompt_log_odds(model, *sides)),
        segments=segments,
    )
    experiment = next(
        language_experiments.language_experiments(model, exact, concept, Grid(strengths=with_zero(parse(STRENGTHS))[0]))
    )
    known = {"experiment": experiment, "segments": segments, "exact": exact}
    return SimpleNamespace(observations=list(observe(experiment)), **known)


def test_a_sweep_is_judged_as_the_model_itself(swept, direct):
    found = load_observations(swept)
    fresh = {o.kind: o for o in direct.observations}
    assert [o.kind for o in found] == ["next token", "cross-entropy", "limit"]
    for read in found:
        for law in map(find_law, LAWS):
            theirs, ours = ([verdict_row(*one) for one in judged(o, [law], 1e-3)] for o in (fresh[read.kind], read))
            for record, own in zip(theirs, ours, strict=True):
                assert own["counts"] == record["counts"]
                assert own["verdict"] == record["verdict"]
                departures = [np.nan if r["departure"] is None else r["departure"] for r in (own, record)]
                np.testing.assert_allclose(*departures, rtol=1e-3, atol=1e-6)
    assert sum(o.baseline is not None for o in found) == 3


def test_a_file_without_tables_is_read_off_its_curves(files, swept, direct, capsys):
    """It shows what the model itself shows, between the strengths asked for, too; and is verified without the model."""
    strengths = {"observe": "next-token,concept,log-odds", "strengths": "-3:2:33"}
    small, large = files.home / "curves.nc", files.home / "tables.nc"
    assert main([*arguments(files, small, **strengths), "--no-tables"]) == 0
    assert main(arguments(files, large, **strengths)) == 0
    grid = with_zero(parse(strengths["strengths"]))[0]
    fresh = next(observe(replace(direct.experiment, strengths=grid, between=True))).sweep
    found = load_observations(small)[0]
    assert found.sweep.attributes["strengths_added"] == fresh.attributes["strengths_added"]
    for name in fresh.data.variables:
        if fresh.data[name].dtype.kind == "f" and not str(name).endswith(PEAKS_AND_WIDTHS):
            np.testing.assert_allclose(found.sweep.data[name], fresh.data[name], rtol=1e-4, atol=5e-5, err_msg=name)
    assert load_observations(large)[0].sweep.data.sizes["strength"] == len(grid)
    capsys.readouterr()
    other = ["--model", str(files.model)]
    for more in ([], other):
        where = ["--laws", "token_bump", "--out", str(files.home / "report"), "--json"]
        assert main(["verify", str(small), *where, *more]) == 0
        (first, *_) = json.loads(capsys.readouterr().out)["verdicts"]
        assert (first["law"], first["subject"]["concept"]) == ("token_bump", "cats")


def test_parts_join_to_what_is_observed_at_once(swept, direct):
    for read in load_observations(swept):
        whole = next(o.sweep for o in direct.observations if o.kind == read.kind)
        if read.kind != "cross-entropy":
            assert read.sweep.data.equals(whole.data)
        else:
            np.testing.assert_allclose(read.sweep.data.cross_entropy, whole.data.cross_entropy, rtol=1e-5)
            assert np.array_equal(read.sweep.data.segment_share, whole.data.segment_share)
            halfwidths = (sweep.data.cross_entropy_halfwidth for sweep in (read.sweep, whole))
            np.testing.assert_allclose(*halfwidths, rtol=1e-5)


def test_cross_entropy_is_of_the_predicted_tokens(swept, direct):
    """Against the logits of every position of each segment alone; weighted it is the mean over all predicted tokens."""
    found = next(o for o in load_observations(swept) if o.kind == "cross-entropy")
    losses, lengths = [], [len(segment) for segment in direct.segments]
    for segment in direct.segments:
        table = log_softmax(np.asarray(direct.exact.position_logits(segment)), axis=1)
        losses.append(-table[np.arange(len(segment) - 1), segment[1:]])
    data = found.sweep.data.sel(strength=0)
    assert {2, SEGMENT_TOKENS} < set(lengths)
    np.testing.assert_allclose(data.cross_entropy, [one.mean() for one in losses], rtol=1e-5)
    mean = float((data.cross_entropy * data.segment_share).sum())
    assert mean == pytest.approx(np.concatenate(losses).mean(), rel=1e-5)
    known = found.baseline
    assert known is not None
    assert known.data is not None
    assert np.array_equal(known.data, np.concatenate(DOCUMENTS))  # BOS is never predicted, all else is
    own = -known.log_probs[np.arange(len(known.log_probs)), known.data]
    assert float(own @ known.weights) == pytest.approx(mean, rel=1e-5)


def test_what_is_told(files, swept):
    told = (files.home / "told.txt").read_text()
    assert "whole.nc: tiny, block 0, cats;" in told
    tokens = load_observations(files.home / "whole.nc")[0].sweep.data.sizes["token"]
    assert f"next token: 2 contexts, {tokens} tokens, 11 strengths from -3 to 2 (alpha|v|/|h| from -" in told
    assert "cross-entropy: 16 segments, 11 strengths" in told
    assert f"limit: 2 contexts, {tokens} tokens, 3 strengths" in told
    assert "rounding factor" in told
    assert "0 was inserted into the strengths" in told


class Killed(BaseException):
    """Not an error that anything handles."""


def test_it_goes_on_where_it_was_killed(files, swept, direct, monkeypatch, capsys):
    """Each run dies after one more part; no part is made twice, and the end is the same."""
    out, made = files.home / "resumed.nc", []
    stages = sweeping._stages

    def mortal(*given):
        for stage in stages(*given):

            def observe(part, stage=stage):
                if made and made[-1] is not None:
                    made.append(None)
                    raise Killed
                made.append(stage.kind)
                return stage.observe(part)

            yield sweeping.replace(stage, observe=observe)

    monkeypatch.setattr(sweeping, "_stages", mortal)
    deaths = 0
    while not out.exists():
        try:
            assert main(arguments(files, out)) == 0
        except Killed:
            deaths += 1
            assert not out.exists()
    kinds = [kind for kind in made if kind]
    count = -(-len(direct.segments) // sweeping.SEGMENTS_AT_ONCE)
    assert kinds == ["next token"] * 2 + ["cross-entropy"] * count + ["limit"] * 2
    assert deaths == len(kinds) - 1
    assert f"{deaths} parts of an earlier run were taken up" in capsys.readouterr().out
    assert_same(out, swept)
    assert not parts.parts_directory(out).exists()


def test_it_may_be_killed_at_the_very_end(files, swept, monkeypatch):
    """When all is observed, but nothing of it written; then when the result is written, but not in its place."""
    out = files.home / "end.nc"
    directory = parts.parts_directory(out)
    for last in ("save_observations", "close_parts"):
        with monkeypatch.context() as patch:
            patch.setattr(sweeping, last, killed)
            with pytest.raises(Killed):
                main(arguments(files, out))
        assert not out.exists()
        assert (directory / parts.RESULT).exists() == (last == "close_parts")
    first, second, *_, final = sorted(directory.glob("*-*.nc"))
    first.write_bytes(first.read_bytes()[:1000])
    shutil.copy(final, second)
    assert main(arguments(files, out)) == 0
    assert_same(out, swept)
    assert not directory.exists()


def killed(*_):
    raise Killed


def test_other_inputs_are_refused(files, tmp_path, monkeypatch, capsys):
    """Whatever determines the result is in the plan, the weights' last bit included."""
    out = tmp_path / "other.nc"
    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "save_observations", killed)
        with pytest.raises(Killed):
            main(arguments(files, out, "next-token"))
    turned = shutil.copytree(files.model, tmp_path / files.model.name)
    content = bytearray((turned / "model.safetensors").read_bytes())
    content[-3] ^= 1
    (turned / "model.safetensors").write_bytes(content)
    save_vector(tmp_path / "v.safetensors", {LAYER: np.ones(8, np.float32)})
    for change, named in (
        ({"model": turned}, "checkpoint"),
        ({"vector": tmp_path / "v.safetensors"}, "vector"),
        ({"strengths": "-3:2:12"}, "strengths"),
        ({"dtype": "float64"}, "dtype"),
        ({"contexts": rows(tmp_path / "c.jsonl", [{"negative": ["w1"]}, {"cats": ["w2 w3"]}])}, "contexts"),
        ({"observe": "next-token,concept", "words": files.words}, "words"),
        ({"observe": "next-token,log-odds", "log-odds-prompts": files.prompts}, "prompts"),
        ({"observe": "next-token,cross-entropy", "text": files.text}, "text, observe"),
    ):
        capsys.readouterr()
        assert main(arguments(files, **({"observe": "next-token", "out": out} | change))) == 2
        assert f"holds unfinished work from another {named}; finish that first" in capsys.readouterr().err


def test_sigkill(files):
    """A process that cannot clean up."""
    out, undisturbed = files.home / "killed.nc", files.home / "undisturbed.nc"
    options: dict[str, Any] = {"observe": "cross-entropy", "segment-tokens": 3, "strengths": "-1:1:5"}
    process = subprocess.Popen(
        [sys.executable, "-m", "steerlaw", *arguments(files, out=out, **options)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 100
    while not list(parts.parts_directory(out).glob("*.nc")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not out.exists()
    for path in (out, undisturbed):
        assert main(arguments(files, out=path, **options)) == 0
    assert Sweep.read(out).data.identical(Sweep.read(undisturbed).data)


def test_only_cross_entropy_is_at_the_root(files, capsys):
    out = files.home / "text.nc"
    assert main([*arguments(files, out, "cross-entropy", segments=3, strengths=None), "--json"]) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert told["notes"] == []
    (one,) = told["observed"]
    assert (one["kind"], one["group"], one["segments"], one["strengths"]) == ("cross-entropy", None, 3, 65)
    assert one["push"] == pytest.approx([-8, 8])
    (found,) = load_observations(out)
    assert found.kind == "cross-entropy"
    assert found.subject.kinds == {"cross-entropy"}
    assert np.allclose(found.sweep.strengths, strength_grid(one["to"], 65, dense=True))
    report = str(files.home / "report")
    assert main(["verify", str(out), "--laws", "cross_entropy_exact", "--out", report, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdicts"]
