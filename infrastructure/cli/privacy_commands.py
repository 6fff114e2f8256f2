"""`privacy …` on the command line."""

import argparse
import json
from pathlib import Path
from typing import Any

from infrastructure.cli import privacy
from infrastructure.cli.api import stack
from infrastructure.local.layout import LocalStackError

Arguments = argparse.Namespace


def add(command: argparse.ArgumentParser) -> None:
    """What `privacy` can do."""
    kinds = command.add_subparsers(required=True, metavar="WHAT")
    for kind, words in (
        ("export", "everything held of a person, as JSON"),
        ("erase", "a person, everywhere; ends in a receipt"),
    ):
        asking = kinds.add_parser(kind, help=words)
        asking.add_argument(
            "identifier",
            nargs="+",
            help="userId=…, anonymousId=…, email=…, phone=…, or a type of your own; a word alone is a user id",
        )
        asking.add_argument("--request-id", help="yours: asking again under it changes nothing")
        asking.add_argument("--receipt", metavar="FILE", help="where to write the receipt of an erasure")
        asking.set_defaults(run=do_request, kind=kind)
        if kind == "erase":
            asking.add_argument("--forever", action="store_true", help="never store this person again")
    for name, run, words in (
        ("status", do_status, "how far a request has come"),
        ("resume", do_resume, "go on with a request that stopped"),
    ):
        one = kinds.add_parser(name, help=words)
        one.add_argument("id")
        one.add_argument("--receipt", metavar="FILE", help="where to write the receipt of an erasure")
        one.set_defaults(run=run)
    again = kinds.add_parser("replay", help="erase again whom a restored table brought back")
    again.add_argument("--since", required=True, metavar="TIME", help="the moment restored to, as 2026-11-20T10:00:00Z")
    again.add_argument("--receipt", metavar="FILE", help="where to write the receipt of the replay")
    again.set_defaults(run=do_replay)
    check = kinds.add_parser("verify", help="whether a receipt is what this shop signed")
    check.add_argument("file")
    check.set_defaults(run=do_verify)
    shown = kinds.add_parser("table", help="what is stored where, how long and why")
    shown.add_argument("--write", action="store_true", help="into docs/privacy.md")
    shown.set_defaults(run=do_table)


def do_request(args: Arguments) -> None:
    found, more = stack(args.stack_name), {}
    if args.request_id:
        more["requestId"] = args.request_id
    if args.kind == "erase" and args.forever:
        more["suppress"] = "forever"
    _tell(args, privacy.ask(found, args.kind, args.identifier, **more))


def do_status(args: Arguments) -> None:
    print(privacy.read(stack(args.stack_name), args.id))


def do_resume(args: Arguments) -> None:
    _tell(args, privacy.resume(stack(args.stack_name), args.id))


def do_replay(args: Arguments) -> None:
    _tell(args, privacy.replay(stack(args.stack_name), args.since))


def _tell(args: Arguments, status: dict[str, Any]) -> None:
    print(privacy.shown(status))
    if status["status"] == "failed":
        raise LocalStackError("The request has failed; its place is kept.")
    if args.receipt and "receipt" in status:
        Path(args.receipt).write_text(json.dumps(status["receipt"]))
        print(f"The receipt is in {args.receipt}.")


def do_verify(args: Arguments) -> None:
    print(privacy.verify(stack(args.stack_name), Path(args.file)))


def do_table(args: Arguments) -> None:
    print(privacy.table(write=args.write))
