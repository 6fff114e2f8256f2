"""Start, stop and look at the local stack."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

from infrastructure.local.layout import EMULATOR_PYTHON, ROOT, RUNTIME_PYTHON, Layout, LocalStackError

SUPERVISOR = "infrastructure.local.supervisor"
DETACHED = '"$@" >/dev/null 2>&1 & echo $!'  # by a shell that ends at once: the stack is nobody's child


def pid(layout: Layout) -> int | None:
    """Of the running supervisor; None when none runs."""
    try:
        number = int(layout.pid_file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return number if SUPERVISOR in _command(number) else None


def _command(number: int) -> str:
    """Command line of a process, "" when there is none: after a crash its number may belong to somebody else."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{number}/cmdline").read_text()
        except OSError:
            return ""
    return subprocess.run(["ps", "-o", "command=", "-p", str(number)], capture_output=True, text=True).stdout  # noqa: PLW1510


def start(layout: Layout, *, auth: bool = False) -> None:
    """Returns when the stack answers. With `auth` it enforces the functions' IAM policies. Raises LocalStackError."""
    if running := pid(layout):
        raise LocalStackError(
            f"The local stack in {layout.home} runs already (process {running}). `make down` stops it."
        )
    for python in (EMULATOR_PYTHON, RUNTIME_PYTHON):
        if not python.exists():
            raise LocalStackError("The local stack is not installed yet. Run `make setup` first.")
    for port, what in ((layout.port, "PORT"), (layout.redis_port, "REDIS_PORT")):
        if _taken(port):
            raise LocalStackError(
                f"Port {port} is taken by another program. Choose a free one: `make up {what}={port + 100}`."
            )
    layout.home.mkdir(parents=True, exist_ok=True)
    launched = subprocess.run(
        ["sh", "-c", DETACHED, "sh", sys.executable, "-m", SUPERVISOR],
        cwd=ROOT,
        env={**os.environ, **layout.env(), "AUTH": str(auth).lower()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=True,
    )
    layout.pid_file.write_text(launched.stdout.strip())
    if not _comes_up(layout):
        reason = f"The reason is in {layout.logs}/emulator.log:\n{_tail(layout)}"
        raise LocalStackError(f"The local stack did not start. {reason}")


def _comes_up(layout: Layout) -> bool:
    began = time.monotonic()
    while time.monotonic() - began < 60:
        if healthy(layout):
            return True
        if time.monotonic() - began > 2 and not pid(layout):
            return False
        time.sleep(0.1)
    return False


def stop(layout: Layout) -> bool:
    """Whether there was one to stop. Waits until its state is written."""
    running = pid(layout)
    if not running:
        return False
    os.kill(running, signal.SIGTERM)
    for _ in range(900):
        if not layout.pid_file.exists() or not pid(layout):
            return True
        time.sleep(0.1)
    raise LocalStackError(f"The local stack (process {running}) does not stop. Its logs are in {layout.logs}.")


def reset(layout: Layout) -> None:
    stop(layout)
    shutil.rmtree(layout.home, ignore_errors=True)


def healthy(layout: Layout) -> bool:
    try:
        with urllib.request.urlopen(f"{layout.endpoint}/_ministack/health", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _tail(layout: Layout, lines: int = 15) -> str:
    log = layout.logs / "emulator.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"
