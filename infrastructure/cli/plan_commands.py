"""`plan …` on the command line."""

import argparse
import sys
from pathlib import Path

from infrastructure.cli import plan
from infrastructure.cli.api import stack

Arguments = argparse.Namespace
WHICH = "a version, `current` or `draft`"


def add(whole: argparse.ArgumentParser) -> None:
    kinds = whole.add_subparsers(required=True, metavar="WHAT")
    shown = kinds.add_parser("show", help="a plan as JSON; what there is to say of it goes to stderr")
    shown.add_argument("which", nargs="?", default=plan.CURRENT, help=f"{WHICH} (default: current)")
    shown.set_defaults(run=do_show)
    edited = kinds.add_parser("edit", help="make a file the draft, and hear what is wrong with it")
    edited.add_argument("file", type=Path)
    edited.add_argument("--revision", type=int, help="refuse when the draft is another than that of this revision")
    _who(edited)
    edited.set_defaults(run=do_edit)
    checked = kinds.add_parser("check", help="every mistake in a file; needs no stack")
    checked.add_argument("file", type=Path)
    checked.set_defaults(run=do_check)
    published = kinds.add_parser("publish", help="make the draft the current plan")
    published.add_argument("--note", default="", help="kept with the version")
    _who(published)
    published.set_defaults(run=do_publish)
    back = kinds.add_parser("rollback", help="make a kept version current")
    back.add_argument("version")
    _who(back)
    back.set_defaults(run=do_rollback)
    kinds.add_parser("versions", help="the kept versions, the current one marked").set_defaults(run=do_versions)
    apart = kinds.add_parser("diff", help="what changes from one plan to another, in sentences")
    apart.add_argument("one", help=f"{WHICH}, or a file")
    apart.add_argument("other")
    apart.set_defaults(run=do_diff)


def _who(command: argparse.ArgumentParser) -> None:
    command.add_argument("--who", default="", help="kept with it")


def do_show(args: Arguments) -> None:
    document, told = plan.show(stack(args.stack_name), args.which)
    print(document)
    print(told, file=sys.stderr)


def do_edit(args: Arguments) -> None:
    print(plan.edit(stack(args.stack_name), args.file, args.revision, args.who))


def do_check(args: Arguments) -> None:
    print(plan.check(args.file))


def do_publish(args: Arguments) -> None:
    print(plan.publish(stack(args.stack_name), args.note, args.who))


def do_rollback(args: Arguments) -> None:
    print(plan.rollback(stack(args.stack_name), args.version, args.who))


def do_versions(args: Arguments) -> None:
    print(plan.versions(stack(args.stack_name)))


def do_diff(args: Arguments) -> None:
    print(plan.diff(stack(args.stack_name), args.one, args.other))
