"""`steerlaw prompts`: files of texts, by a checkpoint or by a model at an endpoint."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from real_models import read_texts
from steerlaw.__main__ import main
from tiny_checkpoint import tiny_checkpoint


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_checkpoint(tmp_path_factory.mktemp("prompts")).model)


@pytest.mark.slow
def test_draws_and_concepts_differ_and_are_read_as_texts(model, tmp_path, capsys):
    asked = ["prompts", "--model", model, "--kind", "random", "--count", "5", "--tokens", "6", "--draws", "2", "--json"]
    found = {}
    for concept in ("joy", "evil"):
        assert main([*asked, "--concept", concept, "--out", str(tmp_path / f"{concept}.{{seed}}.jsonl")]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["files"] == [str(tmp_path / f"{concept}.{seed}.jsonl") for seed in (0, 1)]
        for file in told["files"]:
            found[file] = tuple(read_texts(file, "negative"))
    assert all(len(texts) == 5 for texts in found.values())
    assert len(set(found.values())) == 4


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--draws", "2"], "--out: expected {seed} in the name of the file"),
        (["--opposite", "gloom"], "--opposite: is for --kind contrastive"),
        (["--kind", "contrastive"], "name the --opposite"),
        (["--wording", "Write."], "where the concept goes"),
        (["--top-p", "0"], "--top-p: expected a number from 1e-06 to 1"),
        (["--kind", "random", "--url", "http://localhost:1/v1"], "an endpoint cannot write from nothing"),
    ],
)
def test_what_cannot_be_is_told(model, tmp_path, capsys, more, told):
    out = tmp_path / "out.jsonl"
    assert main(["prompts", "--model", model, "--concept", "joy", "--out", str(out), *more]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


@pytest.fixture
def endpoint():
    """A server that answers every second request with nothing, and keeps what it was asked."""
    pytest.importorskip("openai")
    asked, lock = [], threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                asked.append(body)
                text = "gloom" if "opposite" in body["messages"][0]["content"] else f"I am {len(asked)}"
                text = "" if len(asked) % 2 == 0 else text
            reply = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", asked
    server.shutdown()
    server.server_close()


def test_an_endpoint_names_the_opposite_and_writes_until_there_are_enough(endpoint, tmp_path):
    url, asked = endpoint
    out = tmp_path / "joy.contrastive.jsonl"
    command = ["prompts", "--model", "m", "--url", url, "--concept", "joy", "--kind", "contrastive", "--count", "6"]
    assert main([*command, "--tokens", "11", "--top-k", "7", "--out", str(out)]) == 0
    texts = read_texts(out, "negative")
    assert len(texts) == 6
    assert all(text.startswith("I am ") for text in texts)
    first, *others = asked
    assert "opposite of joy" in first["messages"][0]["content"]
    assert all("gloom" in body["messages"][0]["content"] for body in others)
    assert {(b["max_tokens"], b["temperature"], b["top_p"], b["top_k"]) for b in others} == {(11, 0.9, 0.95, 7)}
    assert len({body["seed"] for body in others}) == len(others)
