"""Files of texts that are not whole: each is refused in one line that names it, whatever is wrong."""

import json

import numpy as np
import pytest
import xarray as xr

from real_models import SampledTexts
from real_models.sampling.drawing import Drawing
from real_models.sampling.texts import from_dataset


def texts():
    shape = (2, 3, 1)
    return SampledTexts(
        model="m",
        layer=[1],
        prompts=[[1, 2], [3]],
        prompt_texts=["a\nb", "ü"],
        strengths=np.array([-1.0, 0.0, 1.0]),
        tokens=np.arange(24, dtype=np.int32).reshape(*shape, 4),
        **{name: np.full((*shape, 4), 0.5, np.float32) for name in ("log_prob", "divergence", "entropy")},
        lengths=np.full(shape, 4),
        ended=np.zeros(shape, bool),
        texts=np.full(shape, "text \x1b[31m \ud83d", object),
        drawing=Drawing(top_p=0.9),
        seed=7,
        dtype="float32",
    )


def test_a_file_that_is_whole(tmp_path):
    texts().write(tmp_path / "t.nc")
    again = SampledTexts.read(tmp_path / "t.nc")
    assert again.prompts == [[1, 2], [3]]
    assert again.prompt_texts == ["a\nb", "ü"]
    assert again.drawing == Drawing(top_p=0.9)
    assert again.texts[0, 0, 0].startswith("text \x1b[31m")
    np.testing.assert_array_equal(again.nats, texts().nats)


def with_words(data, texts):
    said = json.dumps({"texts": texts, "prompts": [[1], [2]], "prompt_texts": ["a", "b"]})
    return data.assign(words=("byte", np.frombuffer(said.encode(), np.uint8)))


WRONG = {
    "another format": lambda data: data.assign_attrs(format="sweep"),
    "no format": lambda data: xr.Dataset(),
    "no tokens": lambda data: data.drop_vars("tokens"),
    "no strengths": lambda data: data.drop_vars("strength"),
    "words that are none": lambda data: data.assign(words=("byte", np.frombuffer(b"{", np.uint8))),
    "a list": lambda data: data.assign(words=("byte", np.frombuffer(b"[1]", np.uint8))),
    "numbers for texts": lambda data: with_words(data, [[[1], [1], [1]]] * 2),
    "a text too few": lambda data: with_words(data, [[["a"]]]),
    "a wrong temperature": lambda data: data.assign_attrs(temperature=-1.0),
    "temperatures": lambda data: data.assign_attrs(temperature=np.array([1.0, 2.0])),
    "a seed that is none": lambda data: data.assign_attrs(seed="x"),
    "other dimensions": lambda data: data.rename(sample="draw"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_whole_is_refused(name):
    with pytest.raises(ValueError, match=r"^t\.nc: (expected texts that|not whole)") as raised:
        from_dataset(WRONG[name](texts().to_xarray()), "t.nc")
    assert "\n" not in str(raised.value)
