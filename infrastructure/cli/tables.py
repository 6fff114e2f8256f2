"""The tables that answers are made of, read for work that can be done again: what cannot be read ends it."""

from infrastructure.cli.aws import client
from infrastructure.local.layout import LocalStackError, Stack
from shared.recommend.tables import Names, Tables


def tables(stack: Stack) -> Tables:
    outputs = stack.outputs
    names = Names(outputs["ShoppersTable"], outputs["ListsTable"], outputs["CatalogTable"], outputs["PlansTable"])
    return Tables(client(stack, "dynamodb"), names, None, failed)


def failed(error: Exception) -> None:
    """A shopper at a page gets something whatever fails; a mail or a simulation can be made again."""
    raise LocalStackError(f"The tables could not be read: {error}") from error
