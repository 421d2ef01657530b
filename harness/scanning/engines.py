"""The same jobs in this process, in a pool of processes or on Ray: what comes back is the same, and so is its meaning."""

from __future__ import annotations

import contextlib
import importlib.util
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Literal, TypeVar

from harness.errors import MeasurementError, UsageError

Engine = Literal["processes", "ray"]
J = TypeVar("J")
R = TypeVar("R")

# Starting a worker costs seconds, of which a few parts are not worth it.
PARTS_A_WORKER = 8
MOST_WORKERS = 8


def workers_for(asked: int, jobs: int) -> int:
    """How many workers to start: as many as were asked for, or, for 0, what the cores and the work are good for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(asked, jobs) if asked else min(cores, MOST_WORKERS, jobs // PARTS_A_WORKER))


def each_done(
    work: Callable[[J], R], jobs: Iterable[J], workers: int, engine: Engine = "processes"
) -> Iterator[tuple[J, R]]:
    """Does every job and yields each with its result as it is finished; only a few are under way at a time.

    Args:
        work: A function of a module, which a new process can import.
        jobs: What it is called with.
        workers: How many to do at once; one needs no other process.
        engine: Who does them.

    Raises:
        MeasurementError: A worker died; what was yielded before stands.
        UsageError: Ray is asked for and not installed.
    """
    if engine == "ray":
        yield from _on_ray(work, jobs, workers)
    elif workers <= 1:
        yield from ((job, work(job)) for job in jobs)
    else:
        yield from _in_processes(work, jobs, workers)


def _in_processes(work: Callable[[J], R], jobs: Iterable[J], workers: int) -> Iterator[tuple[J, R]]:
    # A forked process would inherit the locks of threads that it does not have.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)
    try:
        running: dict[Future[R], J] = {}
        waiting = iter(jobs)
        while True:
            for job in _next(waiting, 2 * workers - len(running)):
                running[pool.submit(work, job)] = job
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    except BrokenProcessPool as error:
        raise _died("a worker process of the scan died") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _next(waiting: Iterator[J], most: int) -> Iterator[J]:
    for _ in range(most):
        job = next(waiting, None)
        if job is None:
            return
        yield job


def _begin() -> None:
    """Prepares a worker: who interrupts the scan talks to its parent, and one worker uses one core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def _died(what: str) -> MeasurementError:
    return MeasurementError(
        f"{what}, killed or out of memory", "every worker to finish",
        "run again, with fewer '--workers' where memory is short: the parts that were finished are kept",
    )  # fmt: skip


def _on_ray(work: Callable[[J], R], jobs: Iterable[J], workers: int) -> Iterator[tuple[J, R]]:
    if importlib.util.find_spec("ray") is None:
        raise UsageError("the engine 'ray' is not installed", "the package 'ray'", "pip install 'tunegate[ray]'")
    import ray

    with _joined(ray, workers):
        # A function of its own, since Ray refuses those that are not written in Python.
        task = ray.remote(num_cpus=1, max_retries=0)(lambda job: work(job))
        running: dict[Any, J] = {}
        waiting = iter(jobs)
        try:
            while True:
                running |= {task.remote(job): job for job in _next(waiting, 2 * workers - len(running))}
                if not running:
                    return
                done, _ = ray.wait(list(running), num_returns=1)
                yield running.pop(done[0]), ray.get(done[0])
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            raise _died(f"a worker of Ray died ({type(error).__name__})") from error


@contextlib.contextmanager
def _joined(ray: Any, workers: int) -> Iterator[None]:
    """Uses the cluster that this process or the environment names; else starts one here and stops it afterwards."""
    if ray.is_initialized():
        yield
        return
    address = os.environ.get("RAY_ADDRESS")
    ray.init(
        address=address, log_to_driver=False, include_dashboard=False, **({} if address else {"num_cpus": workers})
    )
    try:
        yield
    finally:
        ray.shutdown()
