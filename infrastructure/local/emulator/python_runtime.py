"""Functions run on AWS's own runtime client (awslambdaric) in an environment that holds what Lambda's managed runtime holds.

Unpatched, functions share the emulator's packages, every exception is called `Runtime.HandlerError` (so that Step Functions cannot
catch by name), a raising handler loses its environment, and a silent one answers 50 ms late.
"""

import contextvars
import fcntl
import os
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Callable

PORT = os.environ.get("GATEWAY_PORT", "4566")
BOOTSTRAP = '#!/bin/sh\nexec "$SHOPWINDOW_RUNTIME" -m awslambdaric "$_HANDLER"\n'
_python = contextvars.ContextVar("python function being started", default=False)


class PythonWorker(lambda_runtime.ProvidedWorker):  # type: ignore[misc]
    """One execution environment: the bootstrap of a custom runtime that starts awslambdaric."""

    def _spawn(self, *args: Any, **kwargs: Any) -> None:
        token = _python.set(True)
        try:
            super()._spawn(*args, **kwargs)
        finally:
            _python.reset(token)

    def _build_handler_class(self, *args: Any) -> Any:
        base = super()._build_handler_class(*args)

        class Handler(base):  # type: ignore[misc,valid-type]
            disable_nagle_algorithm = True
            wbufsize = -1  # whole answers at once: small writes wait 40 ms for the other side's acknowledgement

            def do_GET(self) -> None:  # noqa: N802 - http.server's name
                if self.path.endswith("/runtime/restore/next"):  # SnapStart: the restore is over at once
                    self._respond(200)
                else:
                    super().do_GET()

        return Handler

    def _drain_stderr_bounded(self, *_: Any, **__: Any) -> str:
        """The log lines of this invocation: wait while the pipe still holds some, not for lines that never come."""
        deadline = time.monotonic() + 0.25
        while time.monotonic() < deadline and _pending(self._proc):
            time.sleep(0.0005)
        time.sleep(0.0005)
        return str(self._drain_stderr())


def _pending(process: Any) -> bool:
    """Whether a process has printed what was not read yet; a process that was killed in the meantime has not."""
    try:
        return any(fcntl.ioctl(process.stdout.fileno(), termios.FIONREAD, bytes(4)))
    except (AttributeError, OSError, ValueError):
        return False


def apply() -> None:
    code_dir, environment = lambda_svc._provided_runtime_code_dir, lambda_svc._provided_worker_env
    worker_class, execute = lambda_runtime._worker_class_for, lambda_svc._execute_function_warm

    def python_code_dir(code_zip: bytes) -> str:
        folder = str(code_dir(code_zip))
        if _python.get():
            _write_bootstrap(Path(folder))
        return folder

    def python_environment(config: dict[str, Any], folder: str, port: int) -> dict[str, str]:
        env = dict(environment(config, folder, port))
        if _python.get():
            env.update(_runtime_variables(config, folder))
        return env

    def is_python(config: dict[str, Any]) -> bool:
        return str(config.get("Runtime", "")).startswith("python")

    def dispatch(function: dict[str, Any], event: Any, request_id: str) -> Any:
        run = lambda_svc._execute_function_provided_warm if is_python(function.get("config") or function) else execute
        return run(function, event, request_id)

    lambda_svc._provided_runtime_code_dir = python_code_dir
    lambda_svc._provided_worker_env = python_environment
    lambda_svc._execute_function_warm = dispatch
    lambda_runtime._worker_class_for = lambda config: PythonWorker if is_python(config) else worker_class(config)
    _keep_few_log_streams()


def _write_bootstrap(folder: Path) -> None:
    """In one step: environments that start at the same time share the folder."""
    bootstrap = folder / "bootstrap"
    if not bootstrap.exists():
        fresh = folder / f"bootstrap.{threading.get_ident()}"
        fresh.write_text(BOOTSTRAP)
        fresh.chmod(0o755)
        fresh.replace(bootstrap)


def _runtime_variables(config: dict[str, Any], folder: str) -> dict[str, str]:
    snapshot = (config.get("SnapStart") or {}).get("OptimizationStatus") == "On" and config.get("Version") != "$LATEST"
    return {
        "PYTHONPATH": folder,
        "LD_LIBRARY_PATH": f"{folder}/lib",  # as on Lambda, where a function's own libraries lie in /var/task/lib
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": ":UTC",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{PORT}",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', '')}",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{config['FunctionName']}",
        "AWS_LAMBDA_LOG_FORMAT": str((config.get("LoggingConfig") or {}).get("LogFormat", "Text")).upper(),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start" if snapshot else "on-demand",
    }


def _keep_few_log_streams(most: int = 200) -> None:
    """The emulator keeps a log stream for every invocation, for ever: a day of demo traffic fills the memory."""
    from ministack.services import cloudwatch_logs  # noqa: PLC0415 - only there once the services are loaded

    emit: Callable[..., None] = lambda_svc._emit_lambda_logs

    def emit_and_prune(function: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        emit(function, *args, **kwargs)
        name = (function.get("config") or function).get("FunctionName")
        group = cloudwatch_logs._log_groups.get(f"/aws/lambda/{name}")
        streams = group["streams"] if group else {}
        for stream in list(streams)[:-most]:
            streams.pop(stream, None)

    lambda_svc._emit_lambda_logs = emit_and_prune
