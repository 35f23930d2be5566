"""Findings are made once for what they are made from, and damaged ones anew."""

import pytest

from steerlaw.guiding.steps import Steps


def test_a_finding_is_kept_for_what_it_is_made_from(tmp_path):
    made = []

    def make(value):
        made.append(value)
        return {"value": value}

    steps = Steps(directory=tmp_path / "steps", made_from="a")
    assert steps.finding("one", lambda: make(1)) == {"value": 1}
    assert steps.finding("one", lambda: make(2)) == {"value": 1}
    assert steps.finding("two", lambda: make(3)) == {"value": 3}
    assert Steps(directory=tmp_path / "steps", made_from="b").finding("one", lambda: make(4)) == {"value": 4}
    assert made == [1, 3, 4]


@pytest.mark.parametrize("damage", [b"", b"[", b"[1]", b'{"made_from": "a"}', b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_file_is_made_anew(tmp_path, damage):
    (tmp_path / "one.json").write_bytes(damage)
    assert Steps(directory=tmp_path, made_from="a").finding("one", lambda: 5) == 5
    assert Steps(directory=tmp_path, made_from="a").finding("one", lambda: 6) == 5


def test_what_is_no_number_is_not_kept(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        Steps(directory=tmp_path, made_from="a").finding("one", lambda: float("nan"))
    assert not list(tmp_path.iterdir())
