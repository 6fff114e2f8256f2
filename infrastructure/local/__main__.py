"""`python -m infrastructure.local start|stop|status|logs|reset|deploy`"""

import argparse
import subprocess
import sys
import time

from infrastructure.local import control
from infrastructure.local.deploy import deploy
from infrastructure.local.layout import Layout, LocalStackError, Stack


def start(layout: Layout) -> None:
    if control.pid(layout) and control.healthy(layout):
        print(f"The local stack runs already on port {layout.port}.")
        return
    print(f"Starting the local stack on port {layout.port} …", flush=True)
    control.start(layout)


def stop(layout: Layout) -> None:
    print("Stopping the local stack; its state is kept …", flush=True)
    print("Stopped." if control.stop(layout) else "It was not running.")


def reset(layout: Layout) -> None:
    print("Stopping the local stack and deleting its state …", flush=True)
    control.reset(layout)


def status(layout: Layout) -> None:
    running = control.pid(layout)
    print(
        f"Local stack: {f'running (process {running})' if running else 'stopped'}, port {layout.port}, files in {layout.home}"
    )
    if layout.facts.exists():
        stack = Stack.load(layout.facts)
        print(f"API        {stack.api_url}\nWrite key  {stack.write_key}\nSecret key {stack.secret_key}")


def logs(layout: Layout) -> None:
    files = sorted(str(path) for path in layout.logs.glob("*.log"))
    if not files:
        raise LocalStackError("There are no logs yet. `make up` starts the stack.")
    subprocess.run(["tail", "-n", "40", *files], check=False)


def deploy_stack(layout: Layout) -> None:
    began = time.monotonic()
    print("Building the functions and deploying the stack …", flush=True)
    stack = deploy(layout)
    print(f"Deployed in {time.monotonic() - began:.0f} s. API: {stack.api_url}")


COMMANDS = {"start": start, "stop": stop, "reset": reset, "status": status, "logs": logs, "deploy": deploy_stack}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infrastructure.local", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    try:
        COMMANDS[parser.parse_args().command](Layout.from_env())
    except LocalStackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
