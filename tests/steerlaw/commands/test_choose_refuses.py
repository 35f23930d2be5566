"""`steerlaw choose`: options that need another, or are for one prompt alone, are refused before anything is read."""

import pytest

from steerlaw.__main__ import main


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prompt", "a", "--target", "0.3"], "--target: needs --words"),
        (["--prompt", "a", "--target", "1.5", "--words", "FILE"], "--target: expected a number above 0 and below 1"),
        (["--prompts", "FILE", "--negative"], "--negative is for one --prompt, not for --prompts"),
        (["--prompts", "FILE", "--explain"], "--explain is for one --prompt, not for --prompts"),
        (["--prompts", "FILE", "--preview", "3"], "--preview is for one --prompt, not for --prompts"),
        (["--prompt", "a", "--prompts", "FILE"], "--prompt or --prompts, one of the two"),
    ],
)
def test_what_does_not_go_together_is_refused(options, message, tmp_path, capsys):
    file = tmp_path / "file.txt"
    file.write_text("w1\n")
    given = [str(file) if option == "FILE" else option for option in options]
    assert main(["choose", "--model", "nowhere", "--vector", str(file), *given]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
