"""Uniform numbers by name: the same seed, run and place give the same number, in whatever order they are asked for.

Two simulations that differ in one rate so draw the same numbers everywhere else (common random numbers), and a run that
is open keeps no generator.  The numbers are those of SplitMix64 (Steele, Lea, Flood 2014, *Fast splittable pseudorandom
number generators*), which is defined as a function of seed and place and passes BigCrush.
"""

from __future__ import annotations

from typing import Final

__all__ = ["splitmix64", "stream_of", "uniform"]

_GAMMA: Final = 0x9E3779B97F4A7C15
_MASK: Final = (1 << 64) - 1


def splitmix64(seed: int, place: int) -> int:
    """The number at a place (from 0) of the SplitMix64 sequence of a seed: 64 bits."""
    z = (seed + (place + 1) * _GAMMA) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def stream_of(seed: int, number: int) -> int:
    """The seed of one of many sequences that one seed gives rise to."""
    return splitmix64(splitmix64(seed, 0), number)


def uniform(stream: int, place: int) -> float:
    """A number above 0 and below 1.

    Of the upper 52 bits and one half: with one bit more the largest number would be rounded up to 1.
    """
    return ((splitmix64(stream, place) >> 12) + 0.5) / (1 << 52)
