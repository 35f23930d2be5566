"""Who runs a plan's cells: this process, or the workers of dask, from a laptop's processes to a cluster's (`cluster`).

    local:N          N processes of this machine
    dask:ADDRESS     the workers of a scheduler that is running, such as dask:tcp://10.0.0.1:8786
    slurm or slurm:N N jobs of Slurm (1 by default), as dask-jobqueue's own configuration describes them

Workers share the file system on which the results lie. A worker that dies is replaced where the cluster does that, and
its cell is given to another; what that finds half-done it goes on with.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from steerlaw.plans.running import Ended, Engine, Job, here

KINDS = "local:N, dask:ADDRESS, slurm or slurm:N"


def engine_named(name: str | None) -> AbstractContextManager[Engine]:
    """The engine that `--on` asks for, while the block runs; none is this process.

    A name that is none, or dask not being installed, is a `ValueError` of one line.
    """
    if name is None:
        return nullcontext(here)
    if found := re.fullmatch(r"local:([1-9][0-9]{0,3})", name):
        return _dask(lambda dask: dask.LocalCluster(n_workers=int(found[1]), threads_per_worker=1, **QUIET))
    if found := re.fullmatch(r"dask:(\S+)", name):
        return _dask(lambda dask: found[1])
    if found := re.fullmatch(r"slurm(?::([1-9][0-9]{0,3}))?", name):
        return _dask(lambda dask: _slurm(int(found[1] or 1)))
    raise ValueError(f"expected {KINDS}, got {name!r}")


QUIET: dict[str, Any] = {"dashboard_address": None, "silence_logs": 50}


def _slurm(jobs: int) -> Any:
    try:
        from dask_jobqueue.slurm import SLURMCluster  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ValueError("slurm: needs dask-jobqueue; pip install 'steerlaw[cluster]'") from None
    cluster = SLURMCluster()
    cluster.scale(jobs=jobs)
    return cluster


@contextmanager
def _dask(cluster: Callable[[Any], Any]) -> Iterator[Engine]:
    """Workers of dask, which are let go when the block ends."""
    try:
        import distributed  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ValueError("this engine needs dask.distributed; pip install 'steerlaw[cluster]'") from None
    made = cluster(distributed)
    try:
        with distributed.Client(made, set_as_default=False) as client:
            yield lambda jobs, retries: _handed_out(client, jobs, retries)
    finally:
        if not isinstance(made, str):
            made.close()


def _handed_out(client: Any, jobs: Sequence[Job], retries: int) -> Iterator[Ended]:
    """Every job, as some worker ends it; one is given to a worker at a time, in the order of the jobs."""
    from distributed import as_completed  # pyright: ignore[reportMissingImports]

    futures = {
        client.submit(Job.run, job, key=f"cell-{job.cell.id}", retries=retries, priority=-number, pure=False): job
        for number, job in enumerate(jobs)
    }
    for future in as_completed(futures, loop=client.loop):
        yield futures[future], future.result() if future.status == "finished" else _failure(future)


def _failure(future: Any) -> str:
    error = future.exception()
    return f"{type(error).__name__}: {error}"
