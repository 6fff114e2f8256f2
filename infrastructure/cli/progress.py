"""Counts and rates while something takes long: one line, rewritten on a terminal, repeated now and then elsewhere."""

import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

TERMINAL, ELSEWHERE = 0.2, 5.0  # seconds between lines


class Progress:
    """Safe to use from several threads."""

    def __init__(
        self, label: str, unit: str, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.label = label
        self.unit = unit
        self.out = out or sys.stdout
        self.clock = clock
        self.began = self.told = clock()
        self.count = 0
        self.lock = threading.Lock()

    def add(self, count: int) -> None:
        with self.lock:
            self.count += count
            now = self.clock()
            if now - self.told > (TERMINAL if self.out.isatty() else ELSEWHERE):
                self.told = now
                self._write("\r" if self.out.isatty() else "", "" if self.out.isatty() else "\n")

    def done(self) -> None:
        self._write("\r" if self.out.isatty() else "", "\n")

    def _write(self, before: str, after: str) -> None:
        seconds = max(self.clock() - self.began, 0.001)
        line = f"  {self.label}: {self.count:,} {self.unit} in {seconds:.0f} s ({self.count / seconds:,.0f}/s)"
        self.out.write(f"{before}{line:<78}{after}")
        self.out.flush()
