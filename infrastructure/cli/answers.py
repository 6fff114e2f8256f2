"""Answers that were given: looked at, made again, and what a draft would have made of them."""

import gzip
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infrastructure.cli import plan
from infrastructure.cli.api import ApiError
from infrastructure.cli.aws import client
from infrastructure.cli.models import invoke
from infrastructure.cli.tables import failed, tables
from infrastructure.local.layout import LocalStackError, Stack
from shared.answers.find import Reader, moment
from shared.answers.model import Answered, encode
from shared.answers.recreate import ready, recreated
from shared.answers.simulation import clicks
from shared.answers.simulation.simulate import Shop, Simulated, simulate
from shared.answers.simulation.worth import measured
from shared.answers.sources import Sources
from shared.catalog.model import Item
from shared.catalog.store import CatalogStore
from shared.errors import ShopwindowError
from shared.lists.store import ListsStore
from shared.merchandising.parse import parse
from shared.models.runs import download
from shared.privacy.registry import ANSWER_DAYS
from shared.recommend.loaded import NOTHING, Loaded, load, mistakes

MOST = 5000  # answers that are simulated
MOST_RULES = 15
SHOWN = 12


def answer(stack: Stack, recommendation_id: str, *, as_json: bool = False) -> str:
    """What was shown, and whether the plan it was made with comes to the same today. Raises LocalStackError."""
    found = _found(stack, recommendation_id)
    if as_json:
        return encode(found).decode()
    return "\n".join([*_told(found), *_again(stack, found)])


def _found(stack: Stack, recommendation_id: str) -> Answered:
    reader = Reader(client(stack, "s3"), stack.outputs["LakeBucket"])
    at = moment(recommendation_id)
    found = reader.find(recommendation_id)
    if found is None and time.time() - at < 3600:
        collect(stack)
        found = reader.find(recommendation_id)
    if found is None:
        when = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
        raise LocalStackError(
            f"There is no answer {recommendation_id} of {when} in the log. It is kept for {ANSWER_DAYS} days, previews are not logged,"
            " and of other answers the share that AnswersLogged says."
        )
    return found


def collect(stack: Stack) -> dict[str, Any]:
    """Bring what the function's log has into the lake now instead of in a few minutes."""
    return invoke(stack, "AnswersFunction", {"atOnce": True})


def _told(one: Answered) -> Iterator[str]:
    at = datetime.fromtimestamp(one.time, UTC)
    recipe = [f"plan {one.plan or '-'}", f"model {one.model or '-'}", f"strategy {one.strategy or '-'}"]
    recipe += [f"{experiment}: {variant}" for experiment, variant in one.assigned]
    recipe += [f"{one.bandit}: arm {one.arm} for {one.segment}"] if one.arm else []
    yield f"{one.id}: {one.placement}, {at:%Y-%m-%d %H:%M:%S} UTC, {one.ms:.1f} ms"
    yield f"  {', '.join(recipe)}, chance {one.propensity:.3g}"
    asked = json.loads(encode(one))["question"]
    yield f"  asked: {json.dumps(asked, ensure_ascii=False)}"
    if one.known.facts:
        yield f"  known: {json.dumps(one.known.facts, ensure_ascii=False)}"
    for place, shown in enumerate(one.why[:SHOWN], 1):
        because = f" {shown.because}" if shown.because else ""
        yield f"  {place:3}. {shown.item}  {shown.score:.4f}  {shown.reason}{because} ({shown.tier})"
    if not one.why:
        yield f"  {', '.join(one.shown[:SHOWN])}"


def _again(stack: Stack, one: Answered) -> Iterator[str]:
    if not one.pool:
        yield "A list that was put in order is not made again."
        return
    try:
        made = ready(one, loaded(stack, one.plan) if one.plan else NOTHING)
    except ApiError as error:
        yield f"It cannot be made again: {error}"
        return
    items = _catalog(stack, made.items)
    again = [pick.item for pick in recreated(made, items).picks]
    if again == one.shown:
        yield "Made again with the plan of then and the catalog of now, it is the same."
        return
    yield f"Made again with the plan of then and the catalog of now: {', '.join(again)}"
    since = [name for name in {*one.shown, *again} if name not in items or items[name].updated_at > one.time]
    if since:
        yield f"Changed in the catalog since: {', '.join(sorted(since))}"


def loaded(stack: Stack, which: str) -> Loaded:
    """A version of the plan, `current` or `draft`."""
    return _load(plan.read(stack, which)["document"])


def _load(document: dict[str, Any]) -> Loaded:
    return load(parse(document, time.time(), [mistakes]))


def _catalog(stack: Stack, ids: list[str]) -> dict[str, Item]:
    return CatalogStore(client(stack, "dynamodb"), stack.outputs["CatalogTable"]).get_many(ids)


def simulated(stack: Stack, draft: Path | None, days: float, placement: str = "", most: int = MOST) -> str:
    """What a file's plan, or the draft, would have shown of the last `days`, compared with the plan in force. Raises LocalStackError."""
    try:
        wanted = _load(plan.document(draft)) if draft else loaded(stack, plan.DRAFT)
    except ShopwindowError as error:
        raise LocalStackError(f"The draft cannot be served: {error}") from None
    collect(stack)
    since = time.time() - days * 86400
    s3, bucket = client(stack, "s3"), stack.outputs["LakeBucket"]
    answers = list(Reader(s3, bucket).since(since))
    if not answers:
        raise LocalStackError(f"No answers were logged in the last {_span(days)}.")
    with tempfile.TemporaryDirectory() as scratch:
        told = clicks.read(_lines(download(s3, bucket, Path(scratch), since)))
    items = {item.id: item for item in CatalogStore(client(stack, "dynamodb"), stack.outputs["CatalogTable"]).scan()}
    worth = measured(answers, told.has, items, told.ordered, told.clicked)
    chosen = some([one for one in answers if placement in ("", one.placement)], most)
    made = simulate(chosen, loaded(stack, plan.CURRENT), wanted, Shop(items, worth, _sources(stack).again))
    return report(made, days, len(told.pairs))


def _sources(stack: Stack) -> Sources:
    kept = ListsStore(client(stack, "dynamodb"), stack.outputs["ListsTable"]).pointer()[0].kept
    return Sources(tables(stack), kept, failed, time.time)


def some(answers: list[Answered], most: int) -> list[Answered]:
    """Evenly over the time, so that the same answers are taken again."""
    step = max(len(answers) / most, 1.0)
    return [answers[int(n * step)] for n in range(min(len(answers), most))]


def _lines(files: Iterable[str]) -> Iterator[bytes]:
    for file in files:
        yield from gzip.decompress(Path(file).read_bytes()).splitlines()


def report(made: Simulated, days: float, clicked: int) -> str:
    return "\n".join(_report(made, days, clicked))


def _report(made: Simulated, days: float, clicked: int) -> Iterable[str]:
    yield f"{made.answers:,} answers of the last {_span(days)}, {clicked:,} clicks."
    for why, count in made.skipped.items():
        yield f"  left out {count:,}: {why}"
    if not made.answers:
        return
    yield from _changes(made)
    for lost in made.starved:
        yield f"Starved: {lost.category} goes from {lost.before:.1%} of what is looked at to {lost.after:.1%}."
    if clicked:
        yield f"Expected clicks:  {made.clicks:,.1f}, with the draft {_more(made.brings.clicks, made.clicks)}"
        yield f"Expected revenue: {made.revenue:,.2f}, with the draft {_more(made.brings.revenue, made.revenue)}"
    else:
        yield "Nobody clicked in that time, so that nothing can be expected of clicks and revenue."
    if made.rules:
        yield "What each rule brings, the others staying (below zero: its price):"
    for rule in sorted(made.rules, key=lambda one: one.brings.revenue.mean)[:MOST_RULES]:
        clicks, revenue = _estimate(rule.brings.clicks, 1), _estimate(rule.brings.revenue, 2)
        worth = f"; clicks {clicks}; revenue {revenue}" if clicked else ""
        yield f"  {rule.rule} ({rule.action}): changes {rule.answers:,} answers{worth}"


def _changes(made: Simulated) -> Iterable[str]:
    share = made.changed / made.answers
    yield f"Changed: {made.changed:,} answers ({share:.0%}), {made.changed_places:,} of {made.places:,} places."
    if made.short:
        yield f"  {made.short:,} places are empty here: what would fill them was not looked at then, and is not in the log."
    if made.anew.answers:
        same = made.anew.same / max(made.anew.items, 1)
        yield f"  In {made.anew.answers:,} answers the draft changes where candidates come from. There the sources of both plans"
        yield "  are asked again: shoppers' own candidates of then, neighbours by the model of then while it is kept,"
        yield "  popular lists and new arrivals of now."
        yield f"  By the plan in force they bring back {same:.0%} of the items that were shown by the candidates of the log."


def _span(days: float) -> str:
    return f"{days:g} days" if days >= 1 else f"{days * 24:g} hours"


def _more(change: Any, of: float) -> str:
    share = f" ({change.mean / of:+.1%})" if of else ""
    return f"{_estimate(change, 2)}{share}"


def _estimate(one: Any, digits: int) -> str:
    return f"{one.mean:+,.{digits}f} [{one.low:+,.{digits}f}, {one.high:+,.{digits}f}]"
