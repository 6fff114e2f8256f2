"""Examples for a person to look at: five products, five shoppers, by name."""

from dataclasses import replace

import numpy as np

from infrastructure.cli import __main__ as cli
from infrastructure.cli.evaluate import examples
from infrastructure.cli.evaluate.served import Served, Shopwindow
from shared.evaluation.task import Dataset
from tests.unit.cli.evaluate.naive import known_of
from tests.unit.cli.evaluate.test_evaluate import shop
from tests.unit.models.test_tune import QUICK


def made():
    known, cases = known_of(3)
    ranker, _ = Shopwindow(budget=QUICK).learn(known)
    assert isinstance(ranker, Served)
    titles = {str(item): f"Thing {item}" for item in known.train.items}
    dataset = Dataset("made up", replace(known, texts=titles), cases, ("repeats",))
    return ranker, dataset, titles


def test_products_are_the_most_popular_with_what_their_pages_show():
    ranker, _, titles = made()
    head, _, *rows = examples.products(ranker.bundle, titles)
    assert head == "| product | similar | bought together |" and len(rows) == examples.MANY
    top = str(ranker.bundle.item_ids[np.argmax(ranker.bundle.popularity)])
    assert rows[0].startswith(f"| Thing {top} | Thing ")


def test_shoppers_see_why_and_what_came_stands_out():
    ranker, dataset, _ = made()
    _, _, *rows = examples.shoppers(ranker, dataset)
    assert len(rows) == examples.MANY and all(row.count(" | ") == 3 for row in rows)
    assert any("**Thing " in row for row in rows) and any("(" in row for row in rows)
    for row in rows:
        _, again, fresh, came = row.removeprefix("| ").removesuffix(" |").split(" | ")
        right = came.rsplit("; ", 1)[0].split("; ")
        bold = [part.split("**")[1] for part in f"{again}; {fresh}".split("; ") if part.startswith("**")]
        assert int(came.rsplit("; ", 1)[1]) > examples.SHOWN or set(bold) <= set(right)


def test_the_command_prints_both_tables(tmp_path, capsys):
    assert cli.main(["examples", "retailrocket", "--data", str(shop(tmp_path / "set"))]) == 0
    told = capsys.readouterr().out
    assert "| product | similar |" in told and "| known, latest last |" in told
