"""How one more link changes the stored graph."""

import uuid
from collections.abc import Callable, Iterable

from shared.identity.graph import Known, Settings, decide, kind_of
from shared.identity.links import Arrival, Seen
from shared.identity.record import (
    MOST_LOG,
    NEVER,
    Claim,
    Component,
    Entry,
    Node,
    StoredLink,
    add_claim,
    add_link,
    decode_component,
    decode_node,
    encode,
    joined,
)
from shared.versioned import Kept, Versions


class Draft:
    """A part of the stored graph as it was read, and as it shall be."""

    def __init__(self, new_id: Callable[[], object]) -> None:
        self.new_id = new_id
        self.nodes: dict[str, Node] = {}
        self.components: dict[str, Component] = {}
        self.read: dict[str, Kept] = {}
        self.decided: dict[str, Known] = {}  # what the components were decided from when they were read

    def take_nodes(self, kept: dict[str, Kept]) -> None:
        self.read |= kept
        self.nodes |= {key[2:]: decode_node(one.value) if one.version else Node() for key, one in kept.items()}

    def take_components(self, kept: dict[str, Kept]) -> None:
        """One that is gone was erased: it begins anew."""
        self.read |= kept
        self.components |= {
            k[2:]: decode_component(one.value) if one.version else Component() for k, one in kept.items()
        }
        self.decided |= {name: part.known() for name, part in self.components.items() if not part.moved}

    def home(self, name: str) -> str:
        """The component an identifier is in now, "" for none."""
        at = self.nodes[name].component if name in self.nodes else ""
        return self.end_of(at) if at else ""

    def end_of(self, component: str) -> str:
        """Where a component went in the end."""
        while self.components[component].moved:
            component = self.components[component].moved
        return component

    def add(self) -> str:
        name = str(self.new_id())
        self.components[name] = Component()
        return name

    def present(self, name: str) -> str:
        """The present name of an identifier that was hashed with a former key."""
        home = self.home(name)
        return self.components[home].renamed.get(name, name) if home else name

    def shared_since(self, name: str) -> Arrival:
        """NEVER for what is not shared."""
        home = self.home(name)
        told = self.components[home].shared.get(name, NEVER) if home else NEVER
        return min(self.nodes[name].shared_since, told) if name in self.nodes else told

    def forget(self, device: str, user: str) -> dict[str, Component]:
        """The device was not seen with the user after all; with one shopper left it is not shared any more. Returns the component
        that this changes."""
        node = self.nodes.get(device, Node())
        node.users = {name: since for name, since in node.users.items() if name != user}
        home = self.home(device)
        if not home or node.shared_since < NEVER or self.components[home].shared.pop(device, None) is None:
            return {}
        return {home: self.components[home]}

    def changes(self) -> dict[str, Kept]:
        """What differs from what was read, ready to be saved at the versions that were read."""
        values = {f"i#{name}": encode(node) for name, node in self.nodes.items() if node != Node()}
        values |= {f"c#{name}": encode(part) for name, part in self.components.items()}
        read = {key: self.read.get(key, Kept()) for key in values}
        return {key: Kept(value, read[key].version) for key, value in values.items() if value != read[key].value}


def read(store: Versions, names: Iterable[str], new_id: Callable[[], object] = uuid.uuid4) -> Draft:
    """The nodes of the names, and the components they lead to."""
    draft = Draft(new_id)
    draft.take_nodes(store.get_many(f"i#{name}" for name in sorted(set(names))))
    wanted = {node.component for node in draft.nodes.values() if node.component}
    while wanted:
        draft.take_components(store.get_many(f"c#{name}" for name in sorted(wanted)))
        wanted = {part.moved for part in draft.components.values() if part.moved} - draft.components.keys()
    return draft


def apply(draft: Draft, one: Seen, settings: Settings) -> None:
    """Put the link and the claims of an event into the draft."""
    names = one.link.identifiers
    if len(names) > 1:
        _meet(draft, one, settings)
        shared = [name for name in names if draft.shared_since(name) < NEVER]
        conducting = [name for name in names if name not in shared]
        if conducting:
            _link(draft, one, conducting, shared)
    for device, identifier in one.claims:
        home = _gather(draft, [device])
        add_claim(draft.components[home], Claim(one.link.at, device, identifier))


def settle(draft: Draft, settings: Settings, now: float) -> None:
    """Write down what the components of the draft decide anew, as of `now` (epoch seconds)."""
    for name, part in draft.components.items():
        known = part.known()
        if part.moved or known == draft.decided.get(name):
            continue
        sources = [before for source, before in draft.decided.items() if draft.end_of(source) == name]
        decided = {one for before in sources for one in decide(before, settings).decisions}
        fresh = [one for one in decide(known, settings).decisions if one not in decided]
        part.log = [*part.log, *(Entry(now, d.at, d.kind, d.identifiers, d.reason) for d in fresh)][-MOST_LOG:]


def _meet(draft: Draft, one: Seen, settings: Settings) -> None:
    """Devices remember which known shoppers they met; with the second they are shared, wherever they are linked."""
    users = [name for name in one.link.identifiers if kind_of(name) == "user"]
    for name in one.link.identifiers:
        if kind_of(name) not in settings.solitary:
            continue
        node = draft.nodes[name]
        node.rename(one.renamed)
        for user in users:
            node.meet(draft.present(user), one.arrived)
        home = draft.home(name)
        if node.shared_since < NEVER and home:
            draft.components[home].share(name, node.shared_since)


def _link(draft: Draft, one: Seen, conducting: list[str], shared: list[str]) -> None:
    """A shared device is written down with the link but gathers nothing: so a kiosk never draws a whole town into one component."""
    part = draft.components[_gather(draft, [*conducting, *(old for old, _ in one.renamed)])]
    for name in shared:
        part.share(name, draft.shared_since(name))
    part.renamed |= dict(one.renamed)
    add_link(part, StoredLink(*one.link, one.arrived))


def _gather(draft: Draft, names: list[str]) -> str:
    """One component for all the names: the largest of those they are in takes in the others."""
    homes = sorted(
        {draft.home(name) for name in names} - {""}, key=lambda home: (-len(draft.components[home].links), home)
    )
    whole = homes[0] if homes else draft.add()
    if len(homes) > 1:
        draft.components[whole] = joined([draft.components[home] for home in homes])
        for home in homes[1:]:
            draft.components[home] = Component(moved=whole)
    for name in names:
        draft.nodes[name].component = whole
    return whole
