"""Start, stop and look at the local stack."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from urllib.error import URLError

from infrastructure.local.layout import EMULATOR_PYTHON, ROOT, RUNTIME_PYTHON, Layout, LocalStackError


def pid(layout: Layout) -> int | None:
    """Of the running supervisor; None when none runs."""
    try:
        number = int(layout.pid_file.read_text())
        os.kill(number, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    return number


def start(layout: Layout) -> None:
    if running := pid(layout):
        raise LocalStackError(
            f"The local stack runs already (process {running}, port {layout.port}). `make down` stops it."
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
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "infrastructure.local.supervisor"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    layout.pid_file.write_text(str(supervisor.pid))
    if not _comes_up(layout, supervisor):
        reason = f"The reason is in {layout.logs}/emulator.log:\n{_tail(layout)}"
        raise LocalStackError(f"The local stack did not start. {reason}")


def _comes_up(layout: Layout, supervisor: "subprocess.Popen[bytes]") -> bool:
    for _ in range(300):
        if healthy(layout):
            return True
        if supervisor.poll() is not None:
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
