"""Taking one person out of what is stored of the graph. What others have in it stays."""

from collections.abc import Set

from shared.identity.record import Component, Node


def component_without(part: Component, values: Set[str]) -> Component:
    """Without every link, claim, cut, decision and name that has one of the values (identifiers without their type)."""
    return Component(
        links=[link for link in part.links if not _named(link.identifiers, values)],
        claims=[claim for claim in part.claims if not _named((claim.device, claim.identifier), values)],
        cuts=[cut for cut in part.cuts if not _named((cut.one, cut.other), values)],
        shared={name: since for name, since in part.shared.items() if not _named((name,), values)},
        renamed={was: now for was, now in part.renamed.items() if not _named((was, now), values)},
        log=[entry for entry in part.log if not _named(entry.identifiers, values)],
        moved=part.moved,
    )


def node_without(node: Node, values: Set[str]) -> Node:
    users = {name: since for name, since in node.users.items() if not _named((name,), values)}
    return Node(node.component, users)


def _named(names: tuple[str, ...], values: Set[str]) -> bool:
    return any(name.partition(":")[2] in values for name in names)
