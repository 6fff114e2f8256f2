"""An answer as a line of the function's log, from where it is collected into the lake: writing it must not make a shopper wait.

Compressed, since a log is paid by the byte: an answer of twelve items takes some 700 bytes instead of 1,300.
"""

import zlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64

import msgspec

from shared.answers.model import Answered, decode, encode

MARK = "shopwindow-answer"
FAST = 1  # of zlib's levels: 6 % larger than the usual one, in three quarters of the time


def written(answered: Answered) -> str:
    return f"{MARK} {b64encode(zlib.compress(encode(answered), FAST)).decode()}"


def read(line: str) -> Answered:
    """Raises ValueError when the line is no answer."""
    mark, _, packed = line.strip().rpartition(" ")
    if not mark.endswith(MARK):
        raise ValueError(f"it does not begin with {MARK}")
    try:
        return decode(zlib.decompress(b64decode(packed, validate=True)))
    except (NotBase64, zlib.error, msgspec.MsgspecError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
