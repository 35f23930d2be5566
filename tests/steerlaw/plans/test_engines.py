"""Cells handed to the workers of dask: one of two is killed, and the end is that of a run by itself."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slurm_node import found as slurm_is_here
from slurm_node import slurm
from steerlaw.plans.cell import read_cells
from steerlaw.plans.engines import engine_named
from steerlaw.plans.running import here

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", ["local", "local:0", "local:two", "dask:", "slurm:0", "pbs", ""])
def test_what_is_no_engine_is_told(name):
    with pytest.raises(ValueError, match="expected local:N, dask:ADDRESS, slurm or slurm:N"):
        engine_named(name)


def test_without_an_engine_this_process_works():
    with engine_named(None) as engine:
        assert engine is here


def started(home, out, *more, environment=os.environ):
    command = [sys.executable, "-m", "steerlaw", "run", str(home / "plan.toml"), "--out", str(out), "--json", *more]
    environment = {**environment, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def workers(parent):
    """The processes that dask's nannies have started: children of the program that are spawned to run Python."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            status = (directory / "stat").read_text().rpartition(")")[2].split()
            command = (directory / "cmdline").read_bytes()
        except OSError:
            continue
        if int(status[1]) == parent and b"spawn_main" in command:
            found.append(int(directory.name))
    return found


def contents(results):
    """Everything that was measured, the records of when and for how long apart."""
    files = {path.relative_to(results): path for path in results.rglob("*") if path.is_file()}
    return {
        name: {**json.loads(path.read_text()), "seconds": 0} if path.suffix == ".json" else path.read_bytes()
        for name, path in files.items()
    }


@pytest.fixture(scope="module")
def alone(home, tmp_path_factory):
    """What a run by itself leaves."""
    out = tmp_path_factory.mktemp("alone")
    process = started(home, out)
    _, said = process.communicate(timeout=900)
    assert process.returncode == 0, said
    return contents(out)


@pytest.fixture
def scheduler(tmp_path):
    """The address of a scheduler with one worker, each a program of its own, as on a cluster."""
    pytest.importorskip("distributed")
    known = tmp_path / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    roles = (
        ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
        ["worker", "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path / "worker")],
    )
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", role, *options, "--scheduler-file", str(known)],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for role, *options in roles
    ]
    began = time.monotonic()
    while not known.is_file():
        assert time.monotonic() - began < 300
        time.sleep(0.1)
    try:
        yield json.loads(known.read_text())["address"], programs
    finally:
        for program in reversed(programs):
            program.terminate()
            program.wait(60)


@pytest.mark.slow
def test_workers_of_a_running_scheduler_do_the_same_and_stay(home, tmp_path, scheduler, alone):
    address, programs = scheduler
    process = started(home, tmp_path / "there", "--on", f"dask:{address}")
    told, said = process.communicate(timeout=900)
    assert process.returncode == 0, said
    assert json.loads(told)["measured"] == len({cell.id for cell in read_cells(tmp_path / "there")})
    assert contents(tmp_path / "there") == alone
    assert [program.poll() for program in programs] == [None, None]


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_at_most_its_cell(home, tmp_path, alone):
    pytest.importorskip("distributed")
    process = started(home, tmp_path / "two", "--on", "local:2")
    began, cells = time.monotonic(), tmp_path / "two" / "cells"
    while process.poll() is None and not (cells.is_dir() and any(cells.iterdir())):
        assert time.monotonic() - began < 600
        time.sleep(0.05)
    living = workers(process.pid)
    assert len(living) >= 2, (living, process.poll())
    os.kill(living[0], signal.SIGKILL)
    told, said = process.communicate(timeout=900)
    assert process.returncode == 0, said
    assert json.loads(told)["measured"] == len({cell.id for cell in read_cells(tmp_path / "two")})
    assert contents(tmp_path / "two") == alone


@pytest.mark.slow
@pytest.mark.skipif(not slurm_is_here(), reason="Slurm is not installed; Debian has it as slurm-wlm")
def test_jobs_of_slurm_do_the_same(home, tmp_path, alone):
    pytest.importorskip("dask_jobqueue")
    jobs = {"CORES": "1", "MEMORY": "2GiB", "WALLTIME": "00:20:00", "LOG_DIRECTORY": str(tmp_path / "jobs")}
    with slurm(tmp_path) as environment:
        environment |= {f"DASK_JOBQUEUE__SLURM__{name}": value for name, value in jobs.items()}
        process = started(home, tmp_path / "there", "--on", "slurm:2", environment=environment)
        told, said = process.communicate(timeout=900)
    assert process.returncode == 0, said
    assert json.loads(told)["measured"] == len({cell.id for cell in read_cells(tmp_path / "there")})
    assert contents(tmp_path / "there") == alone
