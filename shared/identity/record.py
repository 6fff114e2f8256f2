"""How the graph is stored: a component holds all links that touch one another; a node says which component an identifier is in."""

import math
from collections.abc import Iterable

import msgspec

from shared.identity.graph import Known, Link
from shared.identity.links import Arrival

MOST_LINKS = 2000  # keeps a component well below the 400 KB of an item; profiles are capped long before
MOST_CLAIMS = 20
MOST_LOG = 200
FOREVER = NEVER = (math.inf, "")
MOST_USERS = 5  # two show that a device is shared; a few more are kept to explain it


class StoredLink(msgspec.Struct, array_like=True):
    at: float
    message_id: str
    identifiers: tuple[str, ...]
    source: str
    known: Arrival  # since when it is known, which may be long after `at`


class Claim(msgspec.Struct, array_like=True):
    """A browser's word that nobody vouches for."""

    at: float
    device: str
    identifier: str


class Cut(msgspec.Struct, array_like=True):
    """An operator's decision that two identifiers are not one shopper. `made_at` is epoch seconds."""

    one: str
    other: str
    made_at: float
    reason: str


class Entry(msgspec.Struct, array_like=True):
    """A decision, as it was when it was made."""

    made_at: float
    at: float
    kind: str
    identifiers: tuple[str, ...]
    reason: str


class Component(msgspec.Struct, array_like=True):
    """`moved` names the component that this one became part of; then it holds nothing else."""

    links: list[StoredLink] = []
    claims: list[Claim] = []
    cuts: list[Cut] = []
    shared: dict[str, Arrival] = {}  # device -> since when it is known
    renamed: dict[str, str] = {}
    log: list[Entry] = []
    moved: str = ""

    def share(self, device: str, since: Arrival) -> None:
        self.shared[device] = min(since, self.shared.get(device, since))

    def known(self, until: Arrival = FOREVER) -> Known:
        """What was known when the event that arrived then had been seen."""
        return Known(
            tuple(
                Link(link.at, link.message_id, link.identifiers, link.source)
                for link in self.links
                if link.known <= until
            ),
            frozenset(device for device, since in self.shared.items() if since <= until),
            frozenset((cut.one, cut.other) for cut in self.cuts),
            self.renamed,
        )


class Node(msgspec.Struct, array_like=True):
    """`users` are the known shoppers a device was seen with, and since when that is known."""

    component: str = ""
    users: dict[str, Arrival] = {}

    def meet(self, user: str, at: Arrival) -> None:
        met = {**self.users, user: min(at, self.users.get(user, at))}
        self.users = dict(sorted(met.items(), key=lambda pair: (pair[1], pair[0]))[:MOST_USERS])

    def rename(self, renamed: Iterable[tuple[str, str]]) -> None:
        """A shopper who got a new name by a new key is no second shopper."""
        for old, new in renamed:
            if since := self.users.pop(old, None):
                self.meet(new, since)

    @property
    def shared_since(self) -> Arrival:
        """When the device met its second shopper; NEVER when it has not."""
        return sorted(self.users.values())[1] if len(self.users) > 1 else NEVER


encode = msgspec.msgpack.Encoder().encode
decode_component = msgspec.msgpack.Decoder(Component).decode
decode_node = msgspec.msgpack.Decoder(Node).decode


def joined(components: list[Component]) -> Component:
    """All of them as one; the same links seen twice are one link, at its earliest."""
    whole = Component()
    for part in components:
        for link in part.links:
            add_link(whole, link)
        for claim in part.claims:
            add_claim(whole, claim)
        whole.cuts += [cut for cut in part.cuts if cut not in whole.cuts]
        for device, since in part.shared.items():
            whole.share(device, since)
        whole.renamed = {**whole.renamed, **part.renamed}
        whole.log = sorted([*whole.log, *part.log], key=lambda entry: (entry.made_at, entry.at))[-MOST_LOG:]
    return whole


def add_link(component: Component, link: StoredLink) -> None:
    """A full component takes no new links, and says so in its log."""
    for place, known in enumerate(component.links):
        if known.identifiers == link.identifiers:
            first = min(known, link, key=lambda one: (one.at, one.message_id))
            component.links[place] = msgspec.structs.replace(first, known=min(known.known, link.known))
            return
    if len(component.links) < MOST_LINKS:
        component.links.append(link)
    elif not any(entry.identifiers == link.identifiers and entry.kind == "full" for entry in component.log):
        reason = f"more than {MOST_LINKS} links touch one another here"
        component.log.append(Entry(link.at, link.at, "full", link.identifiers, reason))


def add_claim(component: Component, claim: Claim) -> None:
    for place, known in enumerate(component.claims):
        if (known.device, known.identifier) == (claim.device, claim.identifier):
            if claim.at < known.at:
                component.claims[place] = claim
            return
    if len(component.claims) < MOST_CLAIMS:
        component.claims.append(claim)
