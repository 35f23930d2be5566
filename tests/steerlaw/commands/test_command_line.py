"""The command line as a user meets it: quick help, JSON alone, one line for what is wrong."""

import json
import subprocess
import sys

import pytest

from steerlaw.__main__ import main


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "steerlaw", *arguments], capture_output=True, text=True)


def loaded_by(code: str) -> set[str]:
    """Names of the top-level modules loaded after running `code` in a fresh interpreter."""
    script = f"{code}\nimport sys; print(*sys.modules, file=sys.stderr)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in out.stderr.split()}


def test_import_is_light():
    assert not loaded_by("import steerlaw") & {"jax", "numpy", "sympy", "scipy", "matplotlib", "xarray"}


def test_help_is_light():
    code = "import steerlaw.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit as e: assert not e.code"
    assert not loaded_by(code) & {"jax", "sympy", "scipy", "matplotlib", "xarray", "torch"}


def test_every_public_name_loads():
    import steerlaw

    for name in steerlaw.__all__:
        assert callable(getattr(steerlaw, name))
    assert set(steerlaw.__all__) <= set(dir(steerlaw))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = steerlaw.no_such_name


@pytest.mark.slow  # every derivation is checked
def test_json_is_alone_on_stdout(capsys):
    assert main(["laws", "--json"]) == 0
    printed = capsys.readouterr()
    records = json.loads(printed.out)
    assert all(line.startswith("steerlaw: checking the derivations") for line in printed.err.splitlines())
    assert {r["id"] for r in records} >= {"tilt", "token_bump", "transformer_limit"}
    assert all(r["derivation"] == "checked" for r in records)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["verify", "--laws", "no_such_law"], ["no_such_law"]),
        (["verify", "no/such/place"], ["no/such/place"]),
        (["verify", "absent.nc"], ["absent.nc: no such"]),
        (["verify", "--strengths", "1:2"], ["1:2", "START:STOP:COUNT"]),
        (["verify", "--no-such-option"], ["--no-such-option"]),
        (["derive", "token_bumps"], ["token_bumps", "token_bump"]),
        (["no-such-command"], ["no-such-command"]),
    ],
)
def test_wrong_use_is_one_line_and_status_2(arguments, names, tmp_path):
    result = run(*arguments, *(["--out", str(tmp_path / "report")] if arguments[0] == "verify" else []))
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1
    assert all(name in result.stderr for name in names)
    assert not (tmp_path / "report").exists()


def test_a_report_directory_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("not a directory")
    assert main(["verify", "--out", str(tmp_path / "file" / "report")]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err
