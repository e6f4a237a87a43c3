"""Logs that gzip has packed, told by their first bytes and unpacked piece by piece."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from runstate.foreign.told import fault

__all__ = ["is_packed", "unpacked"]

_MOST: Final = 1 << 18
"""Bytes unpacked at a time: a small file may hold any number of them."""


def is_packed(head: bytes) -> bool:
    """Whether the bytes begin as those of gzip do (RFC 1952 §2.3.1)."""
    return head[:2] == b"\x1f\x8b"


def unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes that were packed; several packed one after the other are one.

    :raises DecodeError: where the packed ones are damaged or cut off, once all before it was given.
    """
    inflater, begun = zlib.decompressobj(wbits=31), False
    for chunk in chunks:
        rest, more = chunk, False
        while rest or more:
            begun = True
            try:
                piece = inflater.decompress(rest, _MOST)
            except zlib.error as error:
                raise fault("gzip", f"the log cannot be unpacked: {error}") from None
            if piece:
                yield piece
            rest, more = inflater.unconsumed_tail, len(piece) == _MOST
            if inflater.eof:
                # zeros may pad the end
                rest, inflater = inflater.unused_data.lstrip(b"\0"), zlib.decompressobj(wbits=31)
                begun = more = False
    if begun:
        raise fault("gzip", "the packed log breaks off")
