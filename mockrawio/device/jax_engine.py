"""Results as JAX arrays, made by another engine.

A JAX array may not change, and JAX works on it when it sees fit; the other engine's memory goes back to
its library when that sees fit. So each result is made in a slot, which is written again and again, and
copied on its device into an array of JAX's own, which stays valid for good.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from .engine import Engine


class JaxEngine:
    """An engine whose results are ``jax.numpy``'s, and whose work another engine does.

    `place` gives the context in which that one's device is the current one: torch lends no array of another.
    """

    library = "jax"
    copies = True

    def __init__(
        self, jnp: Any, engine: Engine, place: Callable[[], AbstractContextManager[Any]] = nullcontext
    ) -> None:
        self._jnp, self._engine, self._place = jnp, engine, place
        self.device = engine.device

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def hand_over(self, out: Any) -> Any:
        """Return a copy in JAX's memory, made before this returns."""
        with self._place():
            shared = self._jnp.from_dlpack(self._engine.hand_over(out))  # waits for the current stream
        return self._jnp.array(shared, copy=True).block_until_ready()
