"""An attribute that is computed when first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # a decorator, as functools.cached_property is
    """``functools.cached_property`` without the lock that it has before Python 3.12.

    That lock is of the class, and held while a file is read: a process forked meanwhile, by another thread, has it too,
    and nobody to let go of it. Threads that ask at the same time each do the work; all get what the first of them has
    found.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> once[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> once[T] | T:
        if instance is None:
            return self
        value: T = instance.__dict__.setdefault(self._name, self._make(instance))
        return value
