"""`answer …`, `simulate …` and `batch …` on the command line."""

import argparse
import re
from pathlib import Path

from infrastructure.cli import answers, batch
from infrastructure.cli.api import stack

SPAN = re.compile(r"(\d+(?:\.\d+)?)([dh])")
LONGEST = 30.0  # days


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser("answer", help="an answer of the log, and whether it comes out the same again")
    one.add_argument("id", help="its recommendationId")
    one.add_argument("--json", action="store_true", help="all that was kept of it")
    one.set_defaults(run=do_answer)
    other = commands.add_parser("simulate", help="what a draft of the plan would have shown, brought and cost")
    other.add_argument("--draft", type=Path, metavar="FILE", help="a plan's document (default: the stack's draft)")
    other.add_argument(
        "--last", type=_days, default=7.0, metavar="SPAN", help="of the log, such as 7d (default) or 12h"
    )
    other.add_argument("--placement", default="", help="only answers for it")
    other.add_argument("--most", type=int, default=answers.MOST, help=f"answers looked at (default: {answers.MOST:,})")
    other.set_defaults(run=do_simulate)
    many = commands.add_parser("batch", help="recommendations for the shoppers of a segment, for a mail tool")
    many.add_argument("--placement", default="email")
    many.add_argument(
        "--who", default="", metavar="EXPRESSION", help="such as 'shopper.lifecycle = \"lapsing\"' (default: all)"
    )
    many.add_argument("--count", type=int, help="items for each (default: the placement's)")
    many.add_argument("--csv", type=Path, metavar="FILE", help="also as a table, a row a shopper")
    many.set_defaults(run=do_batch)


def do_answer(args: argparse.Namespace) -> None:
    print(answers.answer(stack(args.stack_name), args.id, as_json=args.json))


def do_simulate(args: argparse.Namespace) -> None:
    print(answers.simulated(stack(args.stack_name), args.draft, args.last, args.placement, max(args.most, 1)))


def do_batch(args: argparse.Namespace) -> None:
    print(batch.run(stack(args.stack_name), args.placement, args.who, args.count, args.csv))


def _days(text: str) -> float:
    found = SPAN.fullmatch(text)
    days = float(found[1]) / (1 if found[2] == "d" else 24) if found else 0.0
    if not 0 < days <= LONGEST:
        raise argparse.ArgumentTypeError(f"must be a span such as 7d or 12h, of at most {LONGEST:g}d")
    return days
