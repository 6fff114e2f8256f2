"""The models of a run, by name."""

from collections.abc import Sequence

from infrastructure.cli.evaluate.baselines import factors, neighbours, rules, sessions, simple
from infrastructure.cli.evaluate.served import Shopwindow
from infrastructure.local.layout import LocalStackError
from shared.evaluation.task import Known, Model, Task


def models(task: Task) -> dict[str, Model]:
    """Short name -> model, in the order of the table."""
    return {
        "popular": simple.popularity(),
        "recent": simple.recent_popularity(),
        "own": simple.own(),
        "own-popular": simple.own_and_popular(),
        "association": rules.association(),
        "sequential": rules.sequential(),
        "last-item": neighbours.last_item(),
        "tfidf": neighbours.decayed("TF-IDF", task),
        "cosine": neighbours.decayed("cosine", task),
        "bm25": neighbours.decayed("BM25", task),
        "als": factors.als(),
        "sknn": sessions.sknn(),
        "vsknn": sessions.vsknn(),
        "ease": factors.ease(),
        "shopwindow": Shopwindow(),
    }


def chosen(names: Sequence[str], known: Known) -> list[Model]:
    """The named models, all if none is named, without those that the set is too large for. Raises LocalStackError for an unknown name."""
    every = models(known.task)
    unknown = [name for name in names if name not in every]
    if unknown:
        raise LocalStackError(f"--models: {', '.join(unknown)} is none of {', '.join(every)}.")
    wanted = [every[name] for name in (names or every)]
    return [model for model in wanted if len(known.train.items) <= getattr(model, "most_items", 10**9)]
