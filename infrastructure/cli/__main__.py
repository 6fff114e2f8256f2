"""`python -m infrastructure.cli load|train|models|rollback|replay|profile|demo`"""

import argparse
import sys

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from infrastructure.cli import demo, load, models, replay
from infrastructure.cli.api import stack
from infrastructure.cli.aws import client
from infrastructure.local.layout import Layout, LocalStackError
from shared.profiles.store import ShoppersStore

Arguments = argparse.Namespace


def do_load(args: Arguments) -> None:
    shop = load.shop_of(args.data, args.shoppers, args.seed)
    print(f"Loading the shop {shop.name} …", flush=True)
    load.live(stack(), load.history(stack(), shop, args.live_days))
    demo.write(stack(), shop, Layout.from_env().home / "demo")


def do_first_day(args: Arguments) -> None:
    """History, a model of it, then the latest days through the live path, so that shoppers' states hold candidates."""
    found, shop = stack(), load.shop_of(args.data, args.shoppers, args.seed)
    if (Layout.from_env().home / "demo" / "config.json").exists():
        print("The shop is loaded already (`make reset` starts afresh).")
        demo.write(found, shop, Layout.from_env().home / "demo")
        return
    print(f"Loading the shop {shop.name} …", flush=True)
    latest = load.history(found, shop, args.live_days)
    print("Training the first model …", flush=True)
    print(models.table(models.train(found)))
    load.live(found, latest)
    demo.write(found, shop, Layout.from_env().home / "demo")


def do_train(args: Arguments) -> None:
    print("Training …", flush=True)
    run = models.train(stack())
    print(models.table(run))
    print("\n".join(run["reasons"]))
    print(
        f"Version {run['version']} is published. Its report: s3://{stack().outputs['ModelsBucket']}/models/{run['version']}/report.html"
    )


def do_models(args: Arguments) -> None:
    print(models.versions(stack()))


def do_rollback(args: Arguments) -> None:
    print(models.rollback(stack(), args.version))


def do_replay(args: Arguments) -> None:
    records = replay.quarantined(stack())
    print(replay.summary(records))
    if records and args.go:
        print(f"Put back on the stream: {replay.replay(stack(), records)}")
    elif records:
        print("`replay --go` puts them back on the stream.")


def do_profile(args: Arguments) -> None:
    found = stack()
    store = ShoppersStore(client(found, "dynamodb"), found.outputs["ShoppersTable"])
    keys = [args.id] if "#" in args.id else [f"u#{args.id}", f"a#{args.id}"]
    states = {key: read for key, read in store.get_many(keys).items() if read.version}
    if not states:
        raise LocalStackError(f"Nothing is known of {args.id}.")
    for key, read in states.items():
        names = read.state.__struct_fields__
        shown = {name: msgspec.to_builtins(getattr(read.state, name)) for name in names}
        print(key, msgspec.json.format(msgspec.json.encode(shown), indent=2).decode(), sep="\n")


def do_demo(args: Arguments) -> None:
    folder = Layout.from_env().home / "demo"
    if not (folder / "config.json").exists():
        raise LocalStackError("No shop has been loaded. `make run` loads one and opens it.")
    sys.exit(demo.serve(folder, args.port))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infrastructure.cli", description=__doc__)
    commands = parser.add_subparsers(required=True)
    loading = commands.add_parser("load", help="load a shop: generated, or a folder with a real one")
    loading.add_argument("--data", help="folder of a real shop (UCI Online Retail)")
    loading.add_argument("--shoppers", type=int, default=2500)
    loading.add_argument("--seed", type=int, default=7)
    loading.add_argument(
        "--live-days", type=float, default=14.0, help="how much of the history goes through the live path"
    )
    loading.set_defaults(run=do_load)
    commands.add_parser("train", help="train, measure and publish a model").set_defaults(run=do_train)
    commands.add_parser("models", help="the kept versions").set_defaults(run=do_models)
    back = commands.add_parser("rollback", help="make a kept version current")
    back.add_argument("version")
    back.set_defaults(run=do_rollback)
    again = commands.add_parser("replay", help="records in quarantine")
    again.add_argument("--go", action="store_true", help="put them back on the stream")
    again.set_defaults(run=do_replay)
    profile = commands.add_parser("profile", help="what is known of a shopper")
    profile.add_argument("id", help="user id or anonymous id")
    profile.set_defaults(run=do_profile)
    shop = commands.add_parser("demo", help="serve the demo shop")
    shop.add_argument("--port", type=int, default=8000)
    shop.set_defaults(run=do_demo)
    args = parser.parse_args()
    try:
        args.run(args)
    except (LocalStackError, ClientError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
