"""Which tokens end a text, as transformers finds them: the generation config first, then the model's own."""

import pytest

from real_models import load_model
from real_models.checkpoints.end_tokens import read_end_tokens


@pytest.mark.parametrize(
    ("generation", "config", "expected"),
    [
        (None, {}, ()),
        (None, {"eos_token_id": 3}, (3,)),
        ('{"eos_token_id": [7, 2]}', {"eos_token_id": 3}, (2, 7)),
        ('{"bos_token_id": 1}', {"eos_token_id": 3}, (3,)),
        ('{"eos_token_id": null}', {"eos_token_id": [3, 99]}, (3,)),
        (None, {"eos_token_id": 3, "text_config": {"eos_token_id": 4}}, (4,)),
    ],
)
def test_end_tokens(generation, config, expected, tmp_path):
    if generation is not None:
        (tmp_path / "generation_config.json").write_text(generation)
    assert read_end_tokens(tmp_path, config, 10) == expected


@pytest.mark.parametrize("wrong", ['"</s>"', "-1", "[1, 2.5]", "true", "{}"])
def test_what_is_no_token(wrong, checkpoint):
    directory = checkpoint("llama")
    (directory / "generation_config.json").write_text(f'{{"eos_token_id": {wrong}}}')
    with pytest.raises(ValueError, match=r"generation_config.json: eos_token_id is .*, expected a token id") as raised:
        load_model(directory)
    assert "\n" not in str(raised.value)
