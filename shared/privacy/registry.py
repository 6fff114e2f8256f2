"""What is stored, whether it is personal, on what basis, for how long, and how it is exported and erased. One list, held by tests.

`docs/privacy.md` shows it as a table (`python -m infrastructure.cli privacy table`). A test fails when a table, bucket, stream, queue, log
group, prefix, field or log keyword is not in it, or when a retention here is not the one that is enforced.
"""

from typing import Literal, NamedTuple

DAY = 86400
LAKE_DAYS = 760  # EventRetentionDays
ANSWER_DAYS = 190
ANSWERS_LOG_DAYS = 7  # where answers wait to be collected
QUARANTINE_DAYS = 30
FEED_DAYS = 90
EXPORT_DAYS = 7
RUN_DAYS = 14
NONCURRENT_DAYS = 30
STREAM_DAYS = 7
QUEUE_DAYS = 14
LOG_DAYS = 30
BACKUP_DAYS = 35  # what DynamoDB's point-in-time recovery reaches back
SUPPRESSION_DAYS = 760
REQUEST_DAYS = 1095
EXECUTION_DAYS = 90  # Step Functions keeps histories as long
DEVICE_DAYS, SHOPPER_DAYS = 180, 730
GRAPH_DAYS = 730  # after the last change; what still holds is learned again at the next log-in
CACHE_SECONDS = 60
VERSIONS_KEPT = 5
PLANS_KEPT = 20

Enforced = Literal[
    "TTL",
    "lifecycle",
    "stream retention",
    "queue retention",
    "log retention",
    "backup retention",
    "publishing",
    "cache TTL",
    "AWS",
    "nothing",
]
Basis = Literal["consent", "legal duty", "legitimate interest", "not personal"]
Kind = Literal["table", "bucket", "stream", "queue", "logs", "cache", "secret", "backup", "executions"]


class Entry(NamedTuple):
    """`store` is a logical id of the template, `where` a key prefix in it ("" all of it). `days` None: for as long as it is in use."""

    kind: Kind
    store: str
    where: str
    what: str
    basis: Basis
    days: float | None
    enforced: Enforced
    exported: str = "no"
    erased: str = "nothing to erase"

    @property
    def personal(self) -> bool:
        return self.basis != "not personal"


class Field(NamedTuple):
    """A field of a struct, by its path. `personal`: says something of a person, or names one."""

    path: str
    what: str
    personal: bool = True


STORES = (
    Entry("table", "Shoppers", "u#", "state of a known shopper: what they looked at, have in the cart, bought and like; candidates; consent choices; their own preferences, kept at their request without consent too",
          "consent", SHOPPER_DAYS, "TTL", "yes, fields named", "deleted"),
    Entry("table", "Shoppers", "a#", "the same of a device since its last log-in", "consent", DEVICE_DAYS, "TTL", "yes, fields named",
          "deleted; on a shared device the person's name is taken out"),
    Entry("table", "Lists", "pointer", "which model version is current", "not personal", None, "nothing"),
    Entry("table", "Lists", "counter#", "sums per item of a stream shard, also per country and device", "not personal", None, "nothing"),
    Entry("table", "Lists", "live#", "what is popular, sells, is new or on sale now, per segment; new items and what they are like; how often arms of bandits are drawn", "not personal", None, "nothing"),
    Entry("table", "Lists", "<version>#", "lists of items of a model version, also per segment of at least 50 shoppers", "not personal", VERSIONS_KEPT, "publishing"),
    Entry("table", "Plans", "pointer", "which plan is current, notes and names of those who published", "not personal", None, "nothing"),
    Entry("table", "Plans", "draft", "the plan that is being written, and the name of who wrote last", "not personal", None, "nothing"),
    Entry("table", "Plans", "plan#", "a published plan of the shop as it is served: rules, placements, experiments", "not personal", PLANS_KEPT, "publishing"),
    Entry("table", "Plans", "document#", "the same as it was written", "not personal", PLANS_KEPT, "publishing"),
    Entry("table", "Catalog", "", "the shop's items", "not personal", None, "nothing"),
    Entry("table", "Identity", "i#", "an identifier (ids as they are, all else as keyed hash), the component it is in, the shoppers a device met", "consent",
          GRAPH_DAYS, "TTL", "yes", "deleted; on a shared device the person's name is taken out"),
    Entry("table", "Identity", "c#", "a component: what links identifiers, claims, decisions and why", "consent", GRAPH_DAYS, "TTL", "yes",
          "the person's part is taken out; deleted when nothing is left"),
    Entry("table", "Identity", "x#", "a hidden identifier (HMAC) of somebody erased, and when", "legal duty", SUPPRESSION_DAYS, "TTL",
          "no: it names nobody", "kept on purpose; `suppress: forever` has no end"),
    Entry("table", "Identity", "r#", "a privacy request: steps, receipt; the person's identifiers only while it is at work", "legal duty", REQUEST_DAYS, "TTL",
          "while at work", "identifiers removed at the end"),
    Entry("bucket", "Lake", "events/", "every event as it came, without raw personal data; identifiers as keyed hashes", "consent", LAKE_DAYS, "lifecycle",
          "yes, lines as stored, with the object's name", "objects rewritten without the person's lines"),
    Entry("bucket", "Lake", "answers/", "what was shown, by which variant or arm and chance; who is a hash of the shopper's or device's id", "consent", ANSWER_DAYS,
          "lifecycle", "yes, lines as stored", "the hash is taken out of the person's lines"),
    Entry("bucket", "Lake", "batch/", "recommendations written for a mail tool, with the user's id", "consent", EXPORT_DAYS, "lifecycle", "yes, lines as stored",
          "objects rewritten without the person's lines"),
    Entry("bucket", "Lake", "collected/", "how far the log of answers has been collected", "not personal", None, "nothing"),
    Entry("bucket", "Lake", "experiments/", "results of experiments: sums and differences by variant", "not personal", None, "nothing"),
    Entry("bucket", "Lake", "quarantine/", "records that could not be processed", "consent", QUARANTINE_DAYS, "lifecycle", "yes", "deleted"),
    Entry("bucket", "Lake", "quarantine-replayed/", "the same, after they were put back on the stream", "consent", QUARANTINE_DAYS, "lifecycle", "yes", "deleted"),
    Entry("bucket", "Lake", "feeds/", "product feeds", "not personal", FEED_DAYS, "lifecycle"),
    Entry("bucket", "Lake", "feeds-rejected/", "rows of feeds that were refused", "not personal", FEED_DAYS, "lifecycle"),
    Entry("bucket", "Lake", "feeds-reports/", "counts of what feeds brought", "not personal", FEED_DAYS, "lifecycle"),
    Entry("bucket", "Lake", "imports/", "how far a shop's history has been loaded", "not personal", None, "nothing"),
    Entry("bucket", "Lake", "privacy/exports/", "what a person was told is held of them", "legal duty", EXPORT_DAYS, "lifecycle", "it is the export", "deleted"),
    Entry("bucket", "Lake", "privacy/work/", "whom a request at work is about, and what was found so far", "legal duty", EXPORT_DAYS, "lifecycle",
          "no: it becomes the export", "deleted when the request is done"),
    Entry("bucket", "Lake", "receipts/", "signed receipts of erasures, for erasing again after a restore", "legal duty", REQUEST_DAYS, "lifecycle",
          "no: they name nobody", "kept on purpose"),
    Entry("bucket", "Models", "runs/", "interactions and impressions a training run or a refresh learns from, shoppers by digest", "consent", RUN_DAYS, "lifecycle",
          "which runs hold the person", "runs that hold the person are deleted as a whole"),
    Entry("bucket", "Models", "models/", "published models: sums over all shoppers; digests that tell whether a version saw somebody", "legitimate interest", VERSIONS_KEPT,
          "publishing", "which versions saw the person", "retired by newer versions; the receipt says by when"),
    Entry("bucket", "Models", "static/", "the popular list of last resort", "not personal", None, "nothing"),
    Entry("stream", "Events", "", "events on their way", "consent", STREAM_DAYS, "stream retention", "no: they arrive in the lake within minutes",
          "suppressed: no consumer uses them"),
    Entry("queue", "StreamFailures", "", "where given-up batches lie in the stream: shard and numbers", "not personal", QUEUE_DAYS, "queue retention"),
    Entry("queue", "AsyncFailures", "", "invocations of schedules and feeds that failed", "not personal", QUEUE_DAYS, "queue retention"),
    Entry("cache", "Cache", "s:", "states, in front of the table (if switched on)", "consent", CACHE_SECONDS / DAY, "cache TTL", "same as the table", "deleted"),
    Entry("cache", "Cache", "l:", "lists of items", "not personal", 300 / DAY, "cache TTL"),
    Entry("cache", "Cache", "c:", "items", "not personal", 3 / DAY, "cache TTL"),
    Entry("logs", "RecommendLogs", "", "technical log, and answers on their way to the lake, some with the hash of who got them", "consent", ANSWERS_LOG_DAYS, "log retention",
          "no: they arrive in the lake within minutes", "the hash is not taken over from there any more"),
    *(
        Entry("logs", group, "", "technical log; fields below; names nobody", "not personal", LOG_DAYS, "log retention")
        for group in (
            "CaptureLogs", "ArchiveLogs", "ProfilesLogs", "TrendsLogs", "AnswersLogs", "CatalogLogs", "PlanLogs", "RolloutLogs", "FeedLogs", "PrepareLogs", "TrainingLogs", "PublishLogs",
            "PrivacyApiLogs", "PrivacyWorkerLogs", "ConsentLogs",
        )
    ),
    Entry("secret", "Secret", "", "the shop's secret key", "not personal", None, "nothing"),
    Entry("secret", "IdentityKey", "", "the key that hashes e-mail addresses and the like", "not personal", None, "nothing"),
    Entry("secret", "PrivacyKey", "", "signs receipts, hides suppressed identifiers", "not personal", None, "nothing"),
    Entry("backup", "Shoppers", "", "point-in-time recovery", "legitimate interest", BACKUP_DAYS, "backup retention", "no", "expires; the receipt says when"),
    Entry("backup", "Identity", "", "point-in-time recovery", "legitimate interest", BACKUP_DAYS, "backup retention", "no", "expires; the receipt says when"),
    Entry("backup", "Lists", "", "point-in-time recovery", "not personal", BACKUP_DAYS, "backup retention"),
    Entry("backup", "Plans", "", "point-in-time recovery", "not personal", BACKUP_DAYS, "backup retention"),
    Entry("backup", "Catalog", "", "point-in-time recovery", "not personal", BACKUP_DAYS, "backup retention"),
    Entry("backup", "Lake", "", "older versions of objects", "legitimate interest", NONCURRENT_DAYS, "lifecycle", "yes", "deleted at once, with the latest"),
    Entry("backup", "Models", "", "older versions of objects", "legitimate interest", NONCURRENT_DAYS, "lifecycle", "yes, of runs",
          "of runs at once; of retired models by their date"),
    Entry("executions", "TrainingMachine", "", "histories of nightly trainings", "not personal", EXECUTION_DAYS, "AWS"),
    Entry("executions", "RefreshMachine", "", "histories of refreshes", "not personal", EXECUTION_DAYS, "AWS"),
    Entry("executions", "PrivacyMachine", "", "histories of privacy requests: only their ids", "not personal", EXECUTION_DAYS, "AWS"),
)  # fmt: skip

EVENT = (
    Field("message_id", "id of the message"),
    Field("type", "kind of call", personal=False),
    Field("timestamp", "when it happened"),
    Field("received_at", "when it arrived"),
    Field("event", "its name", personal=False),
    Field("anonymous_id", "the device"),
    Field("user_id", "the known shopper, proven or claimed"),
    Field("previous_id", "an id the shopper had before"),
    Field("verified", "whether the user id is proven", personal=False),
    Field("original_timestamp", "when, by the device's clock"),
    Field("properties", "what was looked at, bought, searched"),
    Field("traits", "country, language and the like, scrubbed of names"),
    Field("context", "page, device, locale, consent string, scrubbed of names"),
    Field("consent", "what the shopper agreed to"),
    Field("consent.analytics", "purpose"),
    Field("consent.personalization", "purpose"),
    Field("consent.advertising", "purpose"),
    Field("consent.updated_at", "when the shopper said so"),
    Field("consent.presumed", "whether nothing was said, where that is a yes"),
    Field("identifiers", "further names as keyed hashes"),
    Field("previous_identifiers", "the same under the key before"),
    Field("source", "who vouches: browser or server", personal=False),
)
ANSWERED = (
    Field("id", "of the answer, as events of it name it", personal=False),
    Field("time", "when"),
    Field("placement", "where on the page", personal=False),
    Field("shown", "items", personal=False),
    Field("plan", "version", personal=False),
    Field("model", "version", personal=False),
    Field("unit", "hash of the shopper's or the device's id"),
    Field("assigned", "variants of experiments", personal=False),
    Field("bandit", "which", personal=False),
    Field("arm", "which", personal=False),
    Field("segment", "of whom the arm was drawn", personal=False),
    Field("propensity", "chance of it", personal=False),
    Field("ms", "how long it took", personal=False),
    Field("teams", "which of two rankers picked each item", personal=False),
    Field("fallback", "whether something had to stand in", personal=False),
    Field("why", "of each item shown"),
    Field("why.item", "which", personal=False),
    Field("why.score", "how well it fitted"),
    Field("why.reason", "why it was shown"),
    Field("why.because", "what it was like; may be an item the shopper dealt with"),
    Field("why.tier", "where it came from", personal=False),
    Field("pool", "what could have been shown, and how well it fitted"),
    Field("waiting", "new arrivals whose turn it would have been", personal=False),
    Field("barred", "what was bought, in the cart or excluded"),
    Field("strategy", "which", personal=False),
    Field("bundles", "items of each, the first one dealt with by the shopper"),
    Field("question", "what the page asked"),
    Field("question.count", "how many items", personal=False),
    Field("question.items", "what the shopper dealt with last"),
    Field("question.cart", "what was in the cart"),
    Field("question.exclude", "what was not to be shown", personal=False),
    Field("question.categories", "filter", personal=False),
    Field("question.brands", "filter", personal=False),
    Field("question.price_min", "filter", personal=False),
    Field("question.price_max", "filter", personal=False),
    Field("question.where", "filter", personal=False),
    Field("question.allow_purchased", "filter", personal=False),
    Field("question.country", "of the page"),
    Field("question.device", "its type"),
    Field("question.query", "words searched for"),
    Field("question.page", "kind of page", personal=False),
    Field("known", "of the shopper"),
    Field("known.facts", "as rules name them: lifecycle, segments, orders, country, age band …"),
    Field("known.categories", "affinities, the strongest ten"),
    Field("known.brands", "affinities, the strongest ten"),
    Field("known.price_log_mean", "prices looked at"),
    Field("known.price_weight", "how much that rests on"),
    Field("known.shown", "which of the items had been shown in vain"),
    Field("known.covers", "days the stock of items lasts", personal=False),
)
STATE = (
    Field("recent", "items dealt with, at most 50"),
    Field("recent.item", "which"),
    Field("recent.last", "when last"),
    Field("recent.views", "how often seen"),
    Field("recent.carts", "how often put into the cart"),
    Field("recent.dwell", "how long looked at"),
    Field("recent.scroll", "how far scrolled"),
    Field("recent.clicks", "clicks on recommendations of it"),
    Field("recent.session", "in which session"),
    Field("cart", "what lies in the cart"),
    Field("purchases", "items bought, at most 500"),
    Field("purchases.item", "which"),
    Field("purchases.last", "when last"),
    Field("purchases.orders", "in how many orders"),
    Field("purchases.quantity", "how many"),
    Field("purchases.first", "when first"),
    Field("categories", "liked categories"),
    Field("brands", "liked brands"),
    Field("price_log_mean", "what prices are looked at"),
    Field("price_weight", "how surely"),
    Field("decayed_at", "as of when", personal=False),
    Field("session", "the session now"),
    Field("session.number", "how many there were"),
    Field("session.started", "when it began"),
    Field("session.last", "when something happened last"),
    Field("session.events", "how much"),
    Field("session.views", "products seen in it"),
    Field("totals", "sums over the shopper's life"),
    Field("totals.events", "events"),
    Field("totals.views", "products seen"),
    Field("totals.carts", "put into the cart"),
    Field("totals.orders", "orders"),
    Field("totals.refunds", "refunds"),
    Field("totals.revenue", "money spent"),
    Field("totals.first", "since when known"),
    Field("traits", "country, device, gender, band of age, as they were said"),
    Field("candidates", "what to show next, and why"),
    Field("candidates.item", "which"),
    Field("candidates.score", "how well it fits"),
    Field("candidates.reason", "why"),
    Field("candidates.because", "because of which item"),
    Field("again", "what to show for buying again"),
    Field("again.item", "which"),
    Field("again.score", "how well it fits"),
    Field("again.reason", "why"),
    Field("again.because", "because of which item"),
    Field("model_version", "which model chose", personal=False),
    Field("watermarks", "ids under which events came, and how far they are folded in"),
    Field("message_ids", "hashes of the latest message ids"),
    Field("merged", "how many devices' histories were joined"),
    Field("user_id", "whose the device's history became"),
    Field("shared", "whether several people use the device"),
    Field("choices", "history of consent"),
    Field("choices.at", "when"),
    Field("choices.source", "how it was said"),
    Field("choices.analytics", "purpose"),
    Field("choices.personalization", "purpose"),
    Field("choices.advertising", "purpose"),
    Field("preferences", "what the shopper asked for themselves"),
    Field("preferences.about", "a category, a brand, an item or a size"),
    Field("preferences.value", "which"),
    Field("preferences.said", "favourite, hidden, own size, or taken back"),
    Field("preferences.at", "when"),
    Field("preferences.within", "for what a size is meant"),
    Field("shown", "items shown in vain lately, at most 64, and how often"),
    Field("carted_at", "when the cart was changed last"),
    Field("orders", "the latest orders, at most 10"),
    Field("orders.number", "hash of its id"),
    Field("orders.at", "when"),
    Field("orders.revenue", "how much"),
    Field("orders.items", "what, and how many"),
)

# Everything that code hands to the log beside its sentence. None may name a person.
LOG_FIELDS = {
    "error": "what a library or AWS said of a failure",
    "request": "id of a privacy request; it may not contain what names the person",
    "status": "of a privacy request",
    "step": "of a training",
    "agreeing": "how many identifiers the lake and the live graph see alike",
    "elsewhere": "how many they see in other company",
    "missing": "how many only the lake knows",
    "tier": "which fallback answered",
    "**report": "counts of a product feed, and its name",
}


def entry(store: str, where: str, kind: Kind | None = None) -> Entry:
    """The one entry of a place. Raises KeyError."""
    found = [e for e in STORES if e.store == store and e.where == where and kind in (None, e.kind)]
    if len(found) != 1:
        raise KeyError(f"{store} {where}: {len(found)} entries")
    return found[0]


def table() -> str:
    """The registry as Markdown."""
    head = "| where | what | basis | kept | exported | erased |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(_row(e) for e in STORES)])


def _row(e: Entry) -> str:
    place = f"{e.kind} {e.store}" + (f" `{e.where}`" if e.where else "")
    return f"| {place} | {e.what} | {e.basis} | {kept(e)} | {e.exported} | {e.erased} |"


def kept(e: Entry) -> str:
    if e.days is None:
        return "while in use"
    if e.enforced == "publishing":
        return f"until {e.days:g} newer versions are published"
    if e.kind == "bucket" and e.enforced == "lifecycle":
        older = 1 if e.where.startswith("privacy/") else NONCURRENT_DAYS
        return f"{e.days:g} days (lifecycle), then {older} as older version"
    length = f"{e.days:g} days" if e.days >= 1 else f"{e.days * DAY:g} seconds"
    return f"{length} ({e.enforced})"
