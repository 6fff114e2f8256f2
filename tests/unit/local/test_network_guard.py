import socket

import pytest


def test_no_test_reaches_another_machine():
    with socket.socket() as made, pytest.raises(AssertionError, match="192.0.2.1"):
        made.connect(("192.0.2.1", 80))
