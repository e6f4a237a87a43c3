"""`Known`: the runs that a monitor knows, by lifecycle and id; those of which only statuses were seen are kept packed."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, MutableMapping, ValuesView
from typing import Any, cast

from runstate.conformance.packed import MASK, Packing
from runstate.conformance.watch import Verdict, Watched

__all__ = ["Key", "Known", "Node", "State"]

Key = tuple[str, str]
"""Names of a lifecycle and a run."""


class Node(dict[object, "Node"]):
    """A packed run of which no lines are known, as all runs with the same path share it: status -> the node after it."""

    __slots__ = ("packed",)

    def __init__(self, packed: int) -> None:
        super().__init__()
        self.packed = packed


State = int | Node | Watched
"""What is kept of a run."""


class Known(MutableMapping[Key, Watched]):
    """(lifecycle, run id) -> what is known of the run, in the order of their first observation.

    Runs of one lifecycle are kept by their ids alone, and may be packed.  As soon as there are two lifecycles all are
    unpacked.  What is looked up by its key is unpacked too and stays so; what is only walked through is unpacked on the
    way, so that it shows what is known now, and nothing that comes later.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        """The lifecycle, as long as there is one."""
        self.states: dict[str, State] = {}
        self.packing: Packing | None = None
        self._mixed: dict[Key, Watched] | None = None

    @property
    def mixed(self) -> bool:
        """Whether there are runs of more than one lifecycle."""
        return self._mixed is not None

    def __getitem__(self, key: Key) -> Watched:
        if self._mixed is not None:
            return self._mixed[key]
        if key[0] != self.name:
            raise KeyError(key)
        state = self.states[key[1]]
        if type(state) is not Watched:
            state = self.states[key[1]] = self._watched(key[1], state)
        return state

    def __setitem__(self, key: Key, run: Watched) -> None:
        if self.name is None and self._mixed is None:
            self.name = key[0]
        if self._mixed is None and key[0] != self.name:
            self._mixed = dict(self.items())
            self.states, self.name = {}, None
        if self._mixed is not None:
            self._mixed[key] = run
        else:
            self.states[key[1]] = run

    def __delitem__(self, key: Key) -> None:
        if self._mixed is not None:
            del self._mixed[key]
        elif key[0] == self.name:
            del self.states[key[1]]
        else:
            raise KeyError(key)

    def __iter__(self) -> Iterator[Key]:
        if self._mixed is not None:
            yield from self._mixed
        elif self.name is not None:
            for run_id in self.states:
                yield self.name, run_id

    def __len__(self) -> int:
        return len(self.states if self._mixed is None else self._mixed)

    def __contains__(self, key: object) -> bool:
        if self._mixed is not None:
            return key in self._mixed
        return isinstance(key, tuple) and len(key) == 2 and key[0] == self.name and key[1] in self.states

    def __repr__(self) -> str:
        return f"<{len(self)} runs>"

    def values(self) -> ValuesView[Watched]:
        """The runs."""
        return _Runs(self)

    def items(self) -> ItemsView[Key, Watched]:
        """Each with its key."""
        return _Items(self)

    def walk(self) -> Iterator[tuple[Key, Watched]]:
        """All runs, without keeping what is unpacked."""
        if self._mixed is not None:
            yield from self._mixed.items()
        elif self.name is not None:
            for run_id, state in self.states.items():
                yield (self.name, run_id), self._watched(run_id, state)

    def named(self, run_id: str) -> Watched | None:
        """The first run of this id, of whichever lifecycle."""
        if self._mixed is not None:
            return next((run for (_, known), run in self._mixed.items() if known == run_id), None)
        return self.get((self.name or "", run_id))

    def status(self, run_id: str) -> str | None:
        """The last known status of a run, while all are of one lifecycle."""
        state = self.states[run_id]
        if type(state) is Watched:
            return state.status
        number = (state.packed if type(state) is Node else cast("int", state)) & MASK
        return self.packing.kept[number].status if self.packing is not None else None

    def unpacked(self) -> Iterator[Watched]:
        """The runs that are kept as objects: nothing was found in any other."""
        if self._mixed is not None:
            yield from self._mixed.values()
        else:
            yield from (state for state in self.states.values() if type(state) is Watched)

    def clean(self) -> dict[Verdict, int]:
        """Verdicts on the runs that are packed, and how many there are of each."""
        counts = [0] * (1 + (len(self.packing.kept) if self.packing is not None else 0))
        state: Any
        for state in self.states.values():
            if type(state) is int:
                counts[state & MASK] += 1
            elif type(state) is Node:
                counts[state.packed & MASK] += 1
        found = dict.fromkeys(Verdict, 0)
        for count, kept in zip(counts, self.packing.kept if self.packing is not None else (), strict=False):
            terminal = self.packing is not None and kept.status in self.packing.lifecycle.terminal
            found[Verdict.COMPLETE if terminal else Verdict.OPEN] += count
        return found

    def unpack(self) -> None:
        """Unpack all, for good."""
        for run_id, state in self.states.items():
            self.states[run_id] = self._watched(run_id, state)

    def _watched(self, run_id: str, state: State) -> Watched:
        if type(state) is Watched:
            return state
        assert self.packing is not None  # noqa: S101 - what is packed was packed by it
        return self.packing.watched(run_id, state.packed if type(state) is Node else cast("int", state))


class _Runs(ValuesView[Watched]):
    _mapping: Known

    def __iter__(self) -> Iterator[Watched]:
        return (run for _, run in self._mapping.walk())


class _Items(ItemsView[Key, Watched]):
    _mapping: Known

    def __iter__(self) -> Iterator[tuple[Key, Watched]]:
        return self._mapping.walk()
