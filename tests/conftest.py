"""Every test runs with fake credentials, without the developer's own AWS settings, and reaches this machine only."""

import os
import socket

from hypothesis import settings

for name in [n for n in os.environ if n.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    POWERTOOLS_METRICS_DISABLED="true",
    # as the training step has it: threads for products this small only wait for each other, and for the other worker's
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
)

settings.register_profile("shopwindow", deadline=None)  # a busy machine is no failure
settings.load_profile("shopwindow")

_connect = socket.socket.connect


def _connect_here(self, address):
    host = address[0] if isinstance(address, tuple) else "localhost"
    if not (host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")):
        raise AssertionError(f"a test wants to talk to {host}: nothing outside this machine may be needed")
    return _connect(self, address)


socket.socket.connect = _connect_here
