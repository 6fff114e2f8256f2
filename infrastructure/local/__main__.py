"""`python -m infrastructure.local start|stop|status|logs|reset|deploy|env`"""

import argparse
import sys
import time

from infrastructure.local import control, logs
from infrastructure.local.deploy import deploy
from infrastructure.local.layout import Layout, LocalStackError, Stack

Arguments = argparse.Namespace


def start(layout: Layout, args: Arguments) -> None:
    if control.pid(layout) and control.healthy(layout):
        print(f"The local stack runs already on port {layout.port}.")
        return
    enforced = ", with IAM enforced" if args.auth else ""
    print(f"Starting the local stack on port {layout.port}{enforced} …", flush=True)
    control.start(layout, auth=args.auth)


def stop(layout: Layout, _: Arguments) -> None:
    print("Stopping the local stack; its state is kept …", flush=True)
    print("Stopped." if control.stop(layout) else "It was not running.")


def reset(layout: Layout, _: Arguments) -> None:
    print("Stopping the local stack and deleting its state …", flush=True)
    control.reset(layout)


def status(layout: Layout, _: Arguments) -> None:
    running = control.pid(layout)
    state = f"running (process {running})" if running else "stopped"
    print(f"Local stack: {state}, port {layout.port}, files in {layout.home}")
    if running and not control.healthy(layout):
        print(f"It does not answer on port {layout.port}: it is still starting, or was started with another PORT.")
    if layout.facts.exists():
        stack = Stack.load(layout.facts)
        print(f"API        {stack.api_url}\nWrite key  {stack.write_key}\nSecret key {stack.secret_key}")


def show_logs(layout: Layout, _: Arguments) -> None:
    for line in logs.lines(layout):
        print(line)


def deploy_stack(layout: Layout, args: Arguments) -> None:
    began = time.monotonic()
    stack = deploy(layout, cache=args.cache)
    print(f"Ready after {time.monotonic() - began:.0f} s. API: {stack.api_url}")


def env(layout: Layout, _: Arguments) -> None:
    for name, value in layout.aws_variables().items():
        print(f"export {name}={value}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infrastructure.local")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    starting = commands.add_parser("start", help="start the emulator, Redis and the poller")
    starting.add_argument("--auth", action="store_true", help="enforce the IAM policies of the functions, as AWS does")
    starting.set_defaults(run=start)
    commands.add_parser("stop", help="stop it; its state is kept").set_defaults(run=stop)
    commands.add_parser("status", help="where it is, and the keys of its API").set_defaults(run=status)
    commands.add_parser("logs", help="the latest of its own and its functions' logs").set_defaults(run=show_logs)
    commands.add_parser("reset", help="stop it and delete its state").set_defaults(run=reset)
    deploying = commands.add_parser("deploy", help="build what changed and deploy template.yaml")
    deploying.add_argument("--cache", action="store_true", help="put Redis in front of the tables")
    deploying.set_defaults(run=deploy_stack)
    commands.add_parser("env", help='variables for other tools: eval "$(… env)"').set_defaults(run=env)
    args = parser.parse_args()
    try:
        args.run(Layout.from_env(), args)
    except LocalStackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
