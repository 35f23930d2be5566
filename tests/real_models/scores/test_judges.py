"""Judges: a tiny checkpoint against its own logits, and an HTTP server that answers, fails, dawdles and babbles."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import softmax

from real_models import load_model
from real_models.scores.endpoint import Endpoint, judge_at, understood
from real_models.scores.judgement import Judgement, Question
from real_models.scores.local_judge import answer_tokens, judge_locally
from tiny_checkpoint import tiny_checkpoint

QUESTION = Question(wording="Is this about the sea? {text}\nAnswer:")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(tiny_checkpoint(tmp_path_factory.mktemp("judge")).model, "float64")


@pytest.mark.slow
def test_a_local_judge(model):
    """P(yes) from the logits after the whole question; spellings that are several tokens, or none, do not count."""
    question = Question(wording="w1 {text} w2", yes=["w3", "w4", "w3 w5"], no=["w6"])
    texts = ["w7 w8 w9", "w10", "w11 w12 w13 w14 w15 w16 w17 w18 w19 w20"]
    found = judge_locally(model, question, texts)
    for text, value in zip(texts, found.yes, strict=True):
        probs = softmax(np.asarray(model.position_logits(f"w1 {text} w2"))[-1])
        assert value == pytest.approx((probs[3] + probs[4]) / (probs[3] + probs[4] + probs[6]), rel=1e-9)
    assert not found.missing.any()
    silent = judge_locally(model, question, texts, least_mass=1.0)
    assert silent.missing.all()
    assert np.isnan(silent.labels).all()
    assert "never answered" in silent.say()
    assert found.agreement(silent) is None
    assert judge_locally(model, question, []).say().endswith("0 of 0 texts.")


def test_answers_that_are_no_tokens(model):
    assert answer_tokens(model, ["w3", "w4 w5", "w3"]) == [3]
    with pytest.raises(ValueError, match="none of the answers 'w3 w4' is one token"):
        answer_tokens(model, ["w3 w4"])
    with pytest.raises(ValueError, match=r"token 1 of .* spells yes and no"):
        judge_locally(model, Question(wording="{text}", yes=["aye"], no=["nay"]), ["w1"])  # both unknown words


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"wording": "no place"}, "expected {text} where"),
        ({"yes": []}, "spellings of yes are"),
        ({"no": "no"}, "spellings of no are"),
        ({"no": ["YES "]}, "'yes' is a spelling of yes and of no"),
    ],
)
def test_what_is_no_question(wrong, message):
    with pytest.raises(ValueError, match=message):
        Question(**{"wording": "{text}"} | wrong)


def test_what_an_answer_means():
    answers = {"Yes.": 1, " no, it isn't": 0, "YES": 1, "Nowhere": None, "maybe": None, "": None, "yes2": None}
    for answer, meaning in answers.items():
        found = understood(QUESTION, answer)
        assert np.isnan(found) if meaning is None else found == meaning


def test_agreement():
    one, other = (Judgement(judge="j", yes=np.array(yes)) for yes in ([0.9, 0.1, 0.8, np.nan], [0.7, 0.6, 0.9, 0.2]))
    # of three texts both say yes of two; by chance (2/3)(1) + (1/3)(0)
    assert one.agreement(other) == pytest.approx((2 / 3 - 2 / 3) / (1 - 2 / 3))
    assert one.say() == "j answered about 3 of 4 texts."


@pytest.fixture
def server():
    """A server on this machine: `behave(prompt, n)` is its answer to the n-th request, or a status and no answer."""
    state = SimpleNamespace(asked=[], behave=lambda prompt, n: "yes" if "sea" in prompt.partition("?")[2] else "No.")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompt = body["messages"][0]["content"]
            state.asked.append(prompt)
            said = state.behave(prompt, len(state.asked))
            status, reply = (said, {"error": {"message": "busy"}}) if isinstance(said, int) else (200, completion(said))
            sent = json.dumps(reply).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)
            except OSError:
                pass  # nobody waits any more

        def log_message(self, *_arguments):
            pass

    def completion(said):
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
        return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{served.server_port}/v1"
    state.close = lambda: (served.shutdown(), served.server_close())
    yield state
    state.close()
    thread.join()


TEXTS = ["the sea is wide", "a dull day", "sea and sky", "a dull day"]


def endpoint(server, **change):
    pytest.importorskip("openai")
    return Endpoint(**{"url": server.url, "model": "m", "seconds": 20.0, "retries": 2} | change)


def test_an_endpoint_answers_each_question_once(server, tmp_path):
    judge, keep = endpoint(server), tmp_path / "answers.jsonl"
    found = judge_at(judge, QUESTION, TEXTS, keep=keep)
    assert found.yes.tolist() == [1, 0, 1, 0]
    assert sorted(server.asked) == sorted(QUESTION.about(text) for text in set(TEXTS))
    again = judge_at(judge, QUESTION, [*TEXTS, "the sea again"], keep=keep)
    assert again.yes.tolist() == [1, 0, 1, 0, 1]
    assert len(server.asked) == 4
    assert judge_at(judge, Question(wording="Else? {text}"), TEXTS[:1], keep=keep).yes.tolist() == [1]
    assert len(server.asked) == 5
    assert sorted(tmp_path.iterdir()) == [keep]


def test_errors_of_the_server_are_retried(server):
    server.behave = lambda _prompt, n: 503 if n <= 2 else "yes"
    assert judge_at(endpoint(server), QUESTION, TEXTS[:1]).yes.tolist() == [1]
    assert len(server.asked) == 3


def test_what_was_answered_before_an_error_is_kept(server, tmp_path, monkeypatch):
    monkeypatch.setattr("real_models.scores.endpoint.AT_ONCE", 1)
    keep, texts = tmp_path / "answers.jsonl", [f"sea {n}" for n in range(6)]
    server.behave = lambda _prompt, n: "yes" if n <= 3 else 500
    with pytest.raises(ValueError, match=r"InternalServerError.*tried 1 times") as raised:
        judge_at(endpoint(server, retries=0), QUESTION, texts, keep=keep)
    assert "\n" not in str(raised.value)
    assert len(keep.read_text().splitlines()) == 3
    server.behave = lambda _prompt, _n: "no"
    asked = len(server.asked)
    found = judge_at(endpoint(server, retries=0), QUESTION, texts, keep=keep)
    assert found.yes.tolist() == [1, 1, 1, 0, 0, 0]
    assert len(server.asked) == asked + 3


def test_an_endpoint_that_is_slow_or_down(server):
    wait = threading.Event()
    server.behave = lambda _prompt, _n: (wait.wait(5) and "yes") or "yes"
    with pytest.raises(ValueError, match=r"APITimeoutError.*0\.2 s each"):
        judge_at(endpoint(server, seconds=0.2, retries=0), QUESTION, TEXTS[:1])
    wait.set()
    down = endpoint(server, url="http://127.0.0.1:9/v1", retries=0)
    with pytest.raises(ValueError, match=r"m at http://127.0.0.1:9/v1: APIConnectionError"):
        judge_at(down, QUESTION, TEXTS[:1])


def test_a_judge_that_never_answers_is_reported(server):
    server.behave = lambda _prompt, _n: "I would rather not say"
    found = judge_at(endpoint(server), QUESTION, TEXTS)
    assert found.missing.all()
    assert "never answered yes or no, about none of 4 texts; of the first it said 'I would rather" in found.say()


def test_a_file_of_something_else_is_refused(server, tmp_path):
    path = tmp_path / "other.jsonl"
    path.write_text('{"text": "hello"}\n')
    with pytest.raises(ValueError, match=r"other.jsonl:1: expected .*asked"):
        judge_at(endpoint(server), QUESTION, TEXTS, keep=path)
    assert path.read_text() == '{"text": "hello"}\n'
    assert server.asked == []
