"""A judge at a real server: `transformers serve` on the shipped checkpoint, against our own greedy continuations."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from real_models import Endpoint, Question, judge_at, load_model, sample
from toy_models.stdlib_gpt import CHECKPOINT

for needed in ("accelerate", "openai", "fastapi", "uvicorn", "torch", "transformers"):
    pytest.importorskip(needed)

SERVE = "import sys; from transformers.cli.transformers import main; sys.argv[0] = 'transformers'; sys.exit(main())"
PLAIN = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
"""A chat template that leaves the question as it is."""
TOKENS, PATIENCE = 4, 300


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The shipped model at an endpoint of this machine, until the tests are over."""
    home = tmp_path_factory.mktemp("served") / "gpt"
    shutil.copytree(CHECKPOINT, home)
    config = json.loads((home / "tokenizer_config.json").read_text())
    (home / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": PLAIN}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [sys.executable, "-c", SERVE, "serve", str(home), "--host", "127.0.0.1", "--port", str(port)]
    how = {"env": os.environ | {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}, "stdout": subprocess.DEVNULL}
    with (
        (home.parent / "log").open("w+") as log,
        subprocess.Popen([*line, "--device", "cpu", "--dtype", "float32"], stderr=log, **how) as process,
    ):
        try:
            _wait(process, port, log)
            yield Endpoint(url=f"http://127.0.0.1:{port}/v1", model=str(home), seconds=PATIENCE, longest_answer=TOKENS)
        finally:
            process.terminate()


def _wait(process, port, log):
    """Until the server listens, or has died."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            log.seek(0)
            pytest.fail(f"transformers serve ended: {log.read()[-600:]}")
        with socket.socket() as one:
            one.settimeout(1)
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"transformers serve does not listen after {PATIENCE} s")


@pytest.mark.slow
def test_a_served_model_is_understood(served, tmp_path):
    """It says what the model says by our own reading of its files; yes is how one answer begins, no how another does.

    So the exact greedy continuation is compared, and both labels are seen.
    """
    model, texts = load_model(CHECKPOINT), ["def read(self):\n    return", "import os\nimport"]
    nothing = {"layer": 0, "vector": np.zeros(model.d_model), "tokens": TOKENS, "temperature": 0.0}
    own = [text.strip() for text in sample(model, texts, [0.0], **nothing).texts[:, 0, 0]]
    yes, no = (text.split()[0] for text in own)
    assert yes != no
    keep = tmp_path / "answers.jsonl"
    found = judge_at(served, Question(wording="{text}", yes=[yes], no=[no]), texts, keep=keep)
    assert [said.strip() for said in found.said] == own
    assert found.yes.tolist() == [1, 0]
    assert len(keep.read_text().splitlines()) == 2
