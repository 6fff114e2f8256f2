"""`experiment …` on the command line."""

import argparse

from infrastructure.cli import experiment
from infrastructure.cli.api import stack


def add(whole: argparse.ArgumentParser) -> None:
    kinds = whole.add_subparsers(required=True, metavar="WHAT")
    kinds.add_parser("list", help="the plan's experiments, and what they say").set_defaults(run=do_list)
    shown = kinds.add_parser("results", help="every metric by variant, and the verdict")
    shown.add_argument("name")
    shown.add_argument(
        "--now", action="store_true", help="analyse all running experiments first; else as of last night"
    )
    shown.set_defaults(run=do_results)


def do_list(args: argparse.Namespace) -> None:
    print(experiment.listed(stack(args.stack_name)))


def do_results(args: argparse.Namespace) -> None:
    print(experiment.results(stack(args.stack_name), args.name, now=args.now))
