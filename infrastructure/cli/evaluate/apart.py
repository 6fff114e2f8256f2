"""A model learns and ranks in a process of its own, so that its seconds and its memory are its own."""

import resource
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from infrastructure.local.layout import LocalStackError
from shared.evaluation.task import Cases, Ints, Known, Model

K = 20
STATUS = Path("/proc/self/status")


class Outcome(NamedTuple):
    tops: list[Ints]  # of each mode asked for, (c, K)
    settings: dict[str, Any]
    learn_seconds: float  # tuning and fitting
    rank_seconds: float  # all modes
    peak_bytes: int  # of the process, the set included


class Killed(LocalStackError):
    """Something ended a model's process."""


def run(model: Model, known: Known, cases: Cases, repeats: Sequence[bool]) -> Outcome:
    """Raises Killed when the process was, most likely for lack of memory."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(_run, model, known, cases.blind(), repeats).result()
        except BrokenProcessPool:
            raise Killed(f"The process of {model.name!r} was killed: is there enough memory?") from None


def _run(model: Model, known: Known, cases: Cases, repeats: Sequence[bool]) -> Outcome:
    warnings.simplefilter("ignore")  # libraries warn of conversions they make themselves
    began = time.perf_counter()
    ranker, settings = model.learn(known)
    learned = time.perf_counter()
    tops = [ranker.rank(cases, K, repeats=allowed) for allowed in repeats]
    return Outcome(tops, settings, learned - began, time.perf_counter() - learned, peak_bytes())


def peak_bytes() -> int:
    """The most memory this process had. Linux hands the parent's peak on in ru_maxrss, so it is asked for the process's own."""
    if STATUS.exists():
        peak = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes, on macOS
