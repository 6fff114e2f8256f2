"""Who is who, for people to read, and to correct."""

import gzip
import time
from contextlib import suppress
from datetime import UTC, datetime

from infrastructure.cli.aws import client
from infrastructure.local.layout import LocalStackError, Stack
from shared.consent.choices import changes
from shared.consent.statement import PURPOSES
from shared.errors import Conflict
from shared.events import model
from shared.events.lake import PREFIX
from shared.identity.apply import read
from shared.identity.graph import Graph, Profile, Settings, decide, kind_of
from shared.identity.record import Component, StoredLink
from shared.identity.settings import parse
from shared.identity.unmerge import unmerge as take_apart
from shared.lists.store import ListsStore
from shared.models.current import CurrentBundle
from shared.profiles.batch import rank_group
from shared.profiles.rebuild import not_yet_archived, rebuilt
from shared.profiles.state import Choice, State
from shared.profiles.store import ShoppersStore, Versioned
from shared.versioned import VersionedTable

WAIT = 90  # seconds for the archive to have what the states have


def explain(stack: Stack, shopper: str) -> str:
    """The graph around an identifier, every decision with its reason, and the history of consent. `shopper` is a user id, an anonymous
    id, or an identifier with its type (`email:ab12:…`). Raises LocalStackError when nothing is known."""
    store = VersionedTable(client(stack, "dynamodb"), stack.outputs["IdentityTable"])
    named = names(shopper)
    draft = read(store, named)
    homes = {name: draft.home(name) for name in named if draft.home(name)}
    states = ShoppersStore(client(stack, "dynamodb"), stack.outputs["ShoppersTable"])
    found = [_component(draft.components[home], name, protection(stack)) for name, home in homes.items()]
    found += [_choices(key, read.state.choices) for key, read in states.get_many(keys(named)).items() if read.version]
    if not found:
        raise LocalStackError(f"Nothing is known of {shopper}.")
    return "\n\n".join(filter(None, found)) or f"{shopper} is linked to nobody, and has said nothing about consent."


def protection(stack: Stack) -> Settings:
    """Merge protection as the stack has it."""
    return parse(stack.outputs.get("IdentityLimits", "limits:").removeprefix("limits:"))


def names(shopper: str) -> list[str]:
    """The identifiers that somebody may mean."""
    if shopper.startswith(("u#", "a#")):
        return [f"{'user' if shopper[0] == 'u' else 'anonymous'}:{shopper[2:]}"]
    return [shopper, f"user:{shopper}", f"anonymous:{shopper}"]


def keys(identifiers: list[str]) -> list[str]:
    """The keys of the shoppers table that identifiers have."""
    kinds = {"user": "u#", "anonymous": "a#"}
    return [f"{kinds[kind_of(name)]}{name.partition(':')[2]}" for name in identifiers if kind_of(name) in kinds]


def _component(part: Component, name: str, settings: Settings) -> str:
    graph = decide(part.known(), settings)
    profile = graph.profile_of(name)
    lines = [f"{name}: {_standing(graph, profile, name)}"]
    lines += [f"    {member}, since {_time(joined)}" for member, joined in profile.joined.items()] if profile else []
    lines += [
        "  links:",
        *(f"    {_time(o.at)}  {' + '.join(o.identifiers)}, from a {o.source}" for o in sorted(part.links, key=_when)),
    ]
    if part.claims:
        lines.append("  claims, which join nothing:")
        lines += [f"    {_time(one.at)}  {one.device} says it is {one.identifier}" for one in part.claims]
    lines += [
        "  decisions:",
        *(f"    {_time(e.made_at)}  {e.kind} {', '.join(e.identifiers)}: {e.reason}" for e in part.log),
    ]
    return "\n".join(lines)


def _when(link: StoredLink) -> tuple[float, str]:
    return link.at, link.message_id


def _standing(graph: Graph, profile: Profile | None, name: str) -> str:
    if name in graph.shared:
        return "a device of several known shoppers, which belongs to none of them"
    if profile is None:
        return "in no profile"
    return f"in profile {profile.id}, merged {profile.merges}×"


def _choices(key: str, choices: list[Choice]) -> str:
    said = [f"    {_time(choice.at)}  {_agreed(choice)} ({choice.source})" for choice in changes(choices)]
    return "\n".join([f"Consent of {key}:", *said]) if said else ""


def _agreed(choice: Choice) -> str:
    return ", ".join(f"{name} {'yes' if getattr(choice, name) else 'no'}" for name in PURPOSES)


def unmerge(stack: Stack, one: str, other: str, reason: str) -> str:
    """Take two identifiers apart and rebuild the states of everybody concerned from the event log."""
    store = VersionedTable(client(stack, "dynamodb"), stack.outputs["IdentityTable"])
    pair = (_only(store, one), _only(store, other))
    parts = take_apart(store, pair, reason, time.time(), protection(stack))
    made = {key for part in parts for key in rebuild(stack, part)}
    return f"{pair[0]} and {pair[1]} are apart. States rebuilt from the event log: {', '.join(sorted(made))}."


def rebuild_around(stack: Stack, name: str) -> str:
    """Rebuild the states of everybody linked with an identifier, directly or by way of others."""
    store = VersionedTable(client(stack, "dynamodb"), stack.outputs["IdentityTable"])
    found = _only(store, name)
    draft = read(store, [found])
    made = rebuild(stack, draft.components[draft.home(found)])
    return f"States rebuilt from the event log: {', '.join(made)}."


def _only(store: VersionedTable, name: str) -> str:
    draft = read(store, names(name))
    found = [candidate for candidate in names(name) if draft.home(candidate)]
    if len(found) != 1:
        raise LocalStackError(f"{name} is {'not in the graph' if not found else f'several identifiers: {found}'}.")
    return found[0]


def rebuild(stack: Stack, part: Component) -> list[str]:
    """Write the states of a component's shoppers as the lake has them; returns their keys. A cache forgets the old ones in a minute.

    Raises Conflict when they keep changing, LocalStackError when the archive stays behind.
    """
    store = ShoppersStore(client(stack, "dynamodb"), stack.outputs["ShoppersTable"])
    wanted = keys(sorted({name for link in part.links for name in link.identifiers}))
    log, graph = Log(stack, {key[2:] for key in wanted}), decide(part.known(), protection(stack))
    for _ in range(WAIT // 3):
        live = store.get_many(wanted)
        states = {key: read.state for key, read in live.items()}
        events = log.catch_up()
        if not not_yet_archived(events, states):
            with suppress(Conflict):  # one of them came back meanwhile: read again
                return _write(stack, store, live, rebuilt(events, graph, states))
        time.sleep(3)
    raise LocalStackError(
        "The archive has not caught up with the shoppers' states, or they keep changing. The graph is corrected; run `rebuild` again."
    )


def _write(stack: Stack, store: ShoppersStore, live: dict[str, Versioned], made: dict[str, State]) -> list[str]:
    lists = ListsStore(client(stack, "dynamodb"), stack.outputs["ListsTable"])
    rank, version = CurrentBundle(lists, client(stack, "s3"), stack.outputs["ModelsBucket"]).get()
    rank_group(made, rank, version)
    saved = {key: Versioned(state, live[key].version) for key, state in made.items() if key in live}
    store.save({k: v for k, v in saved.items() if v.version or v.state.totals.events}, time.time())
    return sorted(saved)


class Log:
    """Events of the lake that carry one of the user or anonymous ids, each message and each object once."""

    def __init__(self, stack: Stack, ids: set[str]) -> None:
        self.s3, self.bucket = client(stack, "s3"), stack.outputs["LakeBucket"]
        self.ids = ids
        self.read: set[str] = set()
        self.events: dict[str, model.Event] = {}

    def catch_up(self) -> list[model.Event]:
        """All of them, after reading what has come since."""
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=PREFIX):
            for key in {entry["Key"] for entry in page.get("Contents", [])} - self.read:
                self._take(gzip.decompress(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()))
                self.read.add(key)
        return list(self.events.values())

    def _take(self, body: bytes) -> None:
        needles = [identifier.encode() for identifier in self.ids]
        for line in body.splitlines():
            if any(needle in line for needle in needles):
                event = model.decode(line)
                if {event.anonymous_id, event.user_id, event.previous_id} & self.ids:
                    self.events.setdefault(event.message_id, event)


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
