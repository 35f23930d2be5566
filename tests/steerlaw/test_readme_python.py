"""README's Python runs as it is pasted, with the shipped model, a vector and a curve under the names it uses."""

import re
from pathlib import Path

import numpy as np
import pytest

from real_models import save_vector
from toy_models import stdlib_gpt

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_runs_as_pasted(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    (tmp_path / "path" / "to").mkdir(parents=True)
    (tmp_path / "path" / "to" / "checkpoint").symlink_to(stdlib_gpt.CHECKPOINT)
    width = 256
    save_vector(tmp_path / "V.safetensors", {2: np.random.default_rng(0).standard_normal(width).astype(np.float32)})
    rows = "".join(f"{x},{np.exp(-x * x)}\n" for x in np.linspace(-2, 2, 9))
    (tmp_path / "curve.csv").write_text("strength,value\n" + rows)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(block, "README.md", "exec"), names)
    assert names["logits"].shape == (len(names["alpha"]), names["model"].vocab_size)
    assert "strength" in capsys.readouterr().out


def test_there_is_python_in_it() -> None:
    assert BLOCKS
