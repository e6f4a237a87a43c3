from __future__ import annotations

from collections.abc import Callable

import pytest

from runstate.stores import MemoryStore, Store
from runstate.testing.stores import StoreSuite


class TestMemoryStore(StoreSuite):
    @pytest.fixture
    def opened(self) -> Callable[[], Store]:
        store = MemoryStore()
        return lambda: store
