"""The same jobs on every engine."""

import importlib.util
import math
import os

import pytest

from harness.errors import MeasurementError, UsageError
from harness.scanning.engines import each_done, workers_for

JOBS = list(range(1, 12))
WANTED = [(job, math.factorial(job)) for job in JOBS]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_once(workers: int) -> None:
    assert sorted(each_done(math.factorial, JOBS, workers)) == WANTED


def test_jobs_are_taken_as_they_are_needed() -> None:
    taken = iter(range(1000))
    found = each_done(math.factorial, taken, 2)
    next(found)
    found.close()
    assert next(taken) < 10


def test_a_worker_that_dies_is_said() -> None:
    with pytest.raises(MeasurementError, match="a worker process of the scan died, killed or out of memory"):
        list(each_done(os._exit, [3], 2))


def test_an_error_in_a_worker_is_the_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        list(each_done(math.factorial, [-1], 2))


def test_more_workers_than_the_work_is_good_for_are_not_started() -> None:
    assert workers_for(0, 3) == 1
    assert workers_for(4, 100) == 4
    assert workers_for(4, 2) == 2
    assert workers_for(0, 10_000) <= 8


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the package 'ray' is not installed")
def test_ray_does_the_same() -> None:
    assert sorted(each_done(math.factorial, JOBS, 2, "ray")) == WANTED


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="the package 'ray' is installed")
def test_ray_is_asked_for_by_its_name() -> None:
    with pytest.raises(UsageError, match="pip install"):
        list(each_done(math.factorial, JOBS, 2, "ray"))
