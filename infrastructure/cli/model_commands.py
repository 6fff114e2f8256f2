"""Commands about models: train, look at the data, refresh, list, go back."""

import argparse
from typing import Any

from infrastructure.cli import models
from infrastructure.cli.api import stack
from shared.models.objective import AUTO, OBJECTIVES

Arguments = argparse.Namespace


def add(commands: Any) -> None:
    """`commands` are the subparsers of the whole command line."""
    training = commands.add_parser("train", help="train, measure and publish a model")
    training.add_argument(
        "--objective", default="", choices=(AUTO, *OBJECTIVES), help="what to aim at, this once (default: the stack's)"
    )
    training.set_defaults(run=do_train)
    commands.add_parser("doctor", help="look at the lake: is it fit to learn from?").set_defaults(run=do_doctor)
    refreshing = commands.add_parser("refresh", help="fold what came since the last training into the model")
    refreshing.set_defaults(run=do_refresh)
    commands.add_parser("models", help="the kept versions, the current one marked").set_defaults(run=do_models)
    back = commands.add_parser("rollback", help="make a kept version current")
    back.add_argument("version")
    back.set_defaults(run=do_rollback)


def do_train(args: Arguments) -> None:
    found = stack(args.stack_name)
    print("Training …", flush=True)
    run = models.train(found, args.objective)
    print(models.table(run))
    print("\n".join(run["reasons"]))
    print(f"Version {run['version']} is published. Its report: {models.report(found, run['version'])}")


def do_doctor(args: Arguments) -> None:
    found = models.doctor(stack(args.stack_name))
    print("\n".join(found["reasons"]) or "Nothing is wrong with the data.")
    print("A training may run." if found["may_train"] else "A training would be stopped.")


def do_refresh(args: Arguments) -> None:
    print(f"Version {models.refresh(stack(args.stack_name))} is published.")


def do_models(args: Arguments) -> None:
    print(models.versions(stack(args.stack_name)))


def do_rollback(args: Arguments) -> None:
    print(models.rollback(stack(args.stack_name), args.version))
