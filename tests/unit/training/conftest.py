"""The first night is trained once for all tests."""

import pytest

from tests.unit.training.nights import FIRST, Night, finish, held, opened, put_back, stack


@pytest.fixture
def step():
    with stack(search_seconds=0) as run:
        yield run


@pytest.fixture
def shop(step):
    opened()


@pytest.fixture(scope="session")
def first_night():
    with stack(search_seconds=600) as run:
        opened()
        made = run("prepare", started=FIRST)
        run("train", version=made["version"])
        trained = held()
        finish(run, made["version"])
        return Night(made, trained, held())


@pytest.fixture
def night(first_night, step):
    """The version that serves since the first night."""
    put_back(*first_night.published)
    return first_night.made["version"]
