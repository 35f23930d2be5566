"""What all tests share: steady examples, programs compiled once, and memory that is let go after each file."""

import os
import sys

import pytest
from hypothesis import settings

from steerlaw.memory import give_back

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("few", derandomize=True, deadline=None, max_examples=20)  # CI, on further Pythons
settings.register_profile("explore", deadline=None)  # HYPOTHESIS_PROFILE=explore looks for new examples
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_configure(config: pytest.Config) -> None:
    """Workers, processes that tests start, and the next run find the programs that were compiled before."""
    cache = getattr(config, "cache", None)  # none with `-p no:cacheprovider`
    if cache is not None:
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache.mkdir("compiled")))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A file's bytes are no name for a case: they may be megabytes, and differ from one worker to the next."""
    return argname if isinstance(val, bytes | bytearray) else None


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """JAX keeps every program it ever ran in memory; those of one file of tests are of no use to the next."""
    jax = sys.modules.get("jax")
    if jax is not None and (nextitem is None or nextitem.path != item.path):
        jax.clear_caches()
        give_back()
