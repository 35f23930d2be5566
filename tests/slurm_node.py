"""A Slurm of one node on this machine: a controller and a daemon of the user who runs the tests, nothing of root's."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sinfo", "sbatch")
SYSTEM = "/usr/sbin:/sbin"
"""Where Debian has the daemons, which is on no user's path."""
CONFIGURATION = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
SlurmctldPort={controller}
SlurmdPort={daemon}
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/controller.pid
SlurmdPidFile={home}/daemon.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=8000
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def found() -> bool:
    """Whether this machine has Slurm's programs."""
    return all(shutil.which(name, path=f"{os.environ['PATH']}:{SYSTEM}") for name in PROGRAMS)


@contextmanager
def slurm(home: Path) -> Iterator[dict[str, str]]:
    """The environment in which a Slurm answers that runs while the block does; its files lie in `home`."""
    for name in ("state", "spool", "jobs"):
        (home / name).mkdir()
    ports = [_free_port() for _ in range(2)]
    settings = {"host": socket.gethostname().partition(".")[0], "user": getpass.getuser(), "cpus": os.cpu_count()}
    settings |= {"controller": ports[0], "daemon": ports[1], "home": home}
    configuration = home / "slurm.conf"
    configuration.write_text(CONFIGURATION.format(**settings))
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:{SYSTEM}", "SLURM_CONF": str(configuration)}
    programs = []
    try:
        for name in ("slurmctld", "slurmd"):
            with (home / f"{name}.log").open("w") as log:
                programs.append(subprocess.Popen([name, "-D"], env=environment, stdout=log, stderr=log))
        began = time.monotonic()
        while _state(environment) not in ("idle", "mix", "alloc"):
            if time.monotonic() - began > 60 or any(program.poll() is not None for program in programs):
                raise RuntimeError("\n".join((home / f"{name}.log").read_text() for name in ("slurmctld", "slurmd")))
            time.sleep(0.2)
        yield environment
    finally:
        for program in reversed(programs):
            program.terminate()
            program.wait(60)


def _state(environment: dict[str, str]) -> str:
    command = ["sinfo", "--noheader", "--format", "%t"]
    return subprocess.run(command, env=environment, capture_output=True, text=True).stdout.strip()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
