"""What the log keeps of an answer is enough to make it again."""

from random import Random

import pytest

from shared.answers.line import read, written
from shared.answers.model import Answered
from shared.answers.recreate import asked, ready, recreated
from shared.expressions.parse import parse as expression
from shared.recommend.loaded import load
from shared.recommend.logged import answered, question
from shared.recommend.request import ABOUT_ITEMS, Filter, parse
from tests.unit.recommend.test_whole_properties import case


def moved(made):
    return [(effect.rule, effect.items, effect.slots) for effect in made.effects if effect.items]


@pytest.mark.parametrize("seed", range(20))
def test_by_the_plan_it_was_made_with_it_is_the_same(seed):
    """Whatever rules, dials, strategy, variant and arm there were."""
    shown = 0
    for number in range(50):
        shop, resolved, reads, made = case(Random(f"again {seed}/{number}"))
        reads = reads._replace(resolved=resolved)
        kept = read(written(answered("0" * 23, made, resolved.request, reads, "m1")))
        one = ready(kept, load(resolved.rules.matcher.plan))
        again = recreated(one, {name: shop[name] for name in one.items if name in shop})
        assert [pick.item for pick in again.picks] == kept.shown, (seed, number)
        assert moved(again) == moved(made)
        shown += len(kept.shown)
    assert shown > 40


def test_the_question_comes_back_as_it_was_asked():
    body = {
        "placement": "category",
        "count": 7,
        "items": ["a"],
        "cart": ["b"],
        "exclude": ["c"],
        "filter": {"categories": ["Tents"], "priceMin": 3, "where": 'item.brand = "Alm"', "allowPurchased": True},
        "context": {"country": "DE", "device": "mobile", "query": "tent", "page": "list"},
    }
    request = parse(body)
    back = asked(Answered("0" * 23, 1.0, "category", question=question(request)))
    assert back == request
    assert back.filter.where == expression('item.brand = "Alm"', "where", ABOUT_ITEMS) and back.filter != Filter()
