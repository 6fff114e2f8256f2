"""Load a shop, train, go back, replay, look at what is known, and measure: `shopwindow COMMAND`."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infrastructure.cli import (
    answer_commands,
    demo,
    experiment_commands,
    given_up,
    identity,
    load,
    model_commands,
    models,
    plan_commands,
    privacy_commands,
    replay,
    rotate,
)
from infrastructure.cli.api import remember, stack
from infrastructure.cli.arrival import Arrival
from infrastructure.cli.aws import identity_keys
from infrastructure.cli.evaluate import command as evaluate
from infrastructure.cli.evaluate import examples
from infrastructure.cli.shop import Choice, Shop
from infrastructure.cli.shopper import profile
from infrastructure.cli.status import status
from infrastructure.local.layout import Layout, LocalStackError, Stack
from shared.errors import ShopwindowError
from shared.events.model import Event
from shared.identity.ids import known_as

Arguments = argparse.Namespace


def do_load(args: Arguments) -> None:
    _load(args, first_model=False)


def do_first_day(args: Arguments) -> None:
    """History, a model of it, then the latest days through the live path, so that shoppers' states hold candidates."""
    _load(args, first_model=True)


def _load(args: Arguments, *, first_model: bool) -> None:
    found = stack(args.stack_name)
    shop, arrival = load.arrive(found, _choice(args), args.live_days)
    if arrival.finished:
        print(f"The shop {shop.name} is loaded already; nothing is changed (`make reset` starts afresh).")
    else:
        events = _begin(found, shop, arrival, first_model=first_model)
        print(f"Sending the last {arrival.live_days:g} days through the live path …", flush=True)
        load.live(found, events, arrival)
        print(_hint(shop, arrival))
    demo.write(found, shop, demo_folder())


def _begin(found: Stack, shop: Shop, arrival: Arrival, *, first_model: bool) -> Iterator[Event]:
    """What comes before the live path, unless that was reached already; returns the events to send."""
    if any(arrival.sent):
        print(f"The shop {shop.name} was half loaded; going on where it stopped.", flush=True)
        return load.latest(shop, arrival.live_days)
    print(f"Loading the shop {shop.name} …", flush=True)
    events = load.history(found, shop, arrival.live_days)
    if first_model:
        print("Training the first model …", flush=True)
        try:
            print(models.table(models.train(found)))
        except models.NotPublished as error:
            print(f"{error}\nThe shop works without, by what is popular.")
    return events


def _choice(args: Arguments) -> Choice:
    return Choice(
        data=Path(args.data) if args.data else None,
        seed=args.seed,
        shoppers=args.shoppers,
        items=args.items,
        weeks=args.weeks,
        shift_to_now=args.shift_to_now,
    )


def _hint(shop: Shop, arrival: Arrival) -> str:
    return (
        f"Training knows the whole history until {shop.until:%Y-%m-%d}; shoppers' states know its last {arrival.live_days:g} days.\n"
        "  Load with --live-days to change that."
    )


def do_replay(args: Arguments) -> None:
    found = stack(args.stack_name)
    records, batches = replay.quarantined(found, args.since or ""), given_up.waiting(found)
    print(f"{replay.summary(records)}\nBatches that a consumer gave up: {batches}")
    if args.go:
        print(f"Put back on the stream: {replay.replay(found, records)} from quarantine")
        outcome = given_up.put_back(found)
        print(
            f"  and {outcome.records} of {outcome.batches} batches; {outcome.lost} records are no longer in the stream"
        )
    elif records or batches:
        print("`replay --go` puts them back on the stream.")


def do_profile(args: Arguments) -> None:
    found = stack(args.stack_name)
    known = known_as(args.id, identity_keys(found), found.outputs.get("PlusTags", ""))
    print(identity.explain(found, known) if args.explain else profile(found, known))


def do_unmerge(args: Arguments) -> None:
    print(identity.unmerge(stack(args.stack_name), args.one, args.other, args.reason))


def do_rebuild(args: Arguments) -> None:
    print(identity.rebuild_around(stack(args.stack_name), args.id))


def do_rotate_key(args: Arguments) -> None:
    found = stack(args.stack_name)
    if args.finish:
        rotate.finish(found, args.key)
        print(f"The former {args.key} key opens nothing any more.")
        return
    fresh = rotate.rotate(found, args.key)
    if args.key == "secret":
        remember(replace(found, secret_key=fresh))
    print(f"There is a new {args.key} key. {rotate.BEGUN[args.key]}")


def do_status(args: Arguments) -> None:
    print(status(stack(args.stack_name)))


def do_demo(args: Arguments) -> None:
    folder = demo_folder()
    if not (folder / "config.json").exists():
        raise LocalStackError("No shop has been loaded. `make run` loads one and opens it.")
    sys.exit(demo.serve(folder, args.port))


def demo_folder() -> Path:
    return Layout.from_env().home / "demo"


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="shopwindow", description=__doc__)
    whole.add_argument(
        "--stack-name", default="", help="a CloudFormation stack in your AWS account (default: the local stack)"
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    _shop_options(commands.add_parser("load", help="load a shop: generated, or a folder with a real one"), do_load)
    _shop_options(commands.add_parser("first-day", help="load a shop and train its first model"), do_first_day)
    model_commands.add(commands)
    examples.add(commands.add_parser("examples", help="what real products and shoppers of a public set are shown"))
    evaluate.add(commands.add_parser("evaluate", help="measure models and baselines on a public set, or on the lake"))
    again = commands.add_parser("replay", help="records that could not be processed, and why")
    again.add_argument(
        "--since", type=_day, metavar="YYYY-MM-DD", help="of quarantine, only what arrived from this day on"
    )
    again.add_argument("--go", action="store_true", help="put them back on the stream")
    again.set_defaults(run=do_replay)
    person = commands.add_parser("profile", help="what is known of a shopper")
    person.add_argument("id", help="user id or anonymous id, as the shop sends it")
    person.add_argument(
        "--explain", action="store_true", help="who is linked to whom and why, and the history of consent"
    )
    person.set_defaults(run=do_profile)
    apart = commands.add_parser("unmerge", help="take two identifiers apart that are not one shopper")
    apart.add_argument("one", help="a user id, an anonymous id, or an identifier with its type")
    apart.add_argument("other")
    apart.add_argument("--reason", required=True, help="kept with the decision")
    apart.set_defaults(run=do_unmerge)
    again = commands.add_parser("rebuild", help="make the states of an identifier's profile from the event log again")
    again.add_argument("id", help="a user id, an anonymous id, or an identifier with its type")
    again.set_defaults(run=do_rebuild)
    rotated = commands.add_parser("rotate-key", help="a new key beside the current one; --finish drops the former")
    rotated.add_argument("key", choices=sorted(rotate.KEYS))
    rotated.add_argument("--finish", action="store_true", help="end the rotation: only the new key counts")
    rotated.set_defaults(run=do_rotate_key)
    plan_commands.add(commands.add_parser("plan", help="the shop's plan: rules, placements; draft, publish, go back"))
    experiment_commands.add(commands.add_parser("experiment", help="what the plan's experiments say"))
    answer_commands.add(commands)
    privacy_commands.add(commands.add_parser("privacy", help="export or erase a person, verify a receipt"))
    commands.add_parser("status", help="where the stack is and how it is doing").set_defaults(run=do_status)
    shop = commands.add_parser("demo", help="serve the demo shop")
    shop.add_argument("--port", type=int, default=8000)
    shop.set_defaults(run=do_demo)
    return whole


def _shop_options(command: argparse.ArgumentParser, run: object) -> None:
    usual = Choice()
    command.add_argument("--data", help="folder of a real shop (UCI Online Retail)")
    command.add_argument(
        "--shift-to-now", action="store_true", help="move a real shop's times by whole weeks, to end this week"
    )
    command.add_argument("--seed", type=int, default=usual.seed)
    command.add_argument("--shoppers", type=_count, default=usual.shoppers)
    command.add_argument("--items", type=_count, default=usual.items)
    command.add_argument("--weeks", type=_count, default=usual.weeks, help="of history (generated shop)")
    command.add_argument(
        "--live-days", type=float, help="how much of the end goes through the live path (default: 14; real shop: 60)"
    )
    command.set_defaults(run=run)


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError("must be a number from 1 to 1,000,000")
    return int(text)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError("must be a day such as 2026-03-01") from None


def main(arguments: list[str] | None = None) -> int:
    args = parser().parse_args(arguments)
    try:
        args.run(args)
    except KeyboardInterrupt:
        print("\nStopped. A load that is started again goes on where it stopped.", file=sys.stderr)
        return 130
    except (LocalStackError, ShopwindowError, ClientError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
