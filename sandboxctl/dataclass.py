"""`dataclass`, `field` and `replace` as the standard library's, without the cost of defining a class.

The standard decorator compiles six functions for each class, about 0.6 ms: for the hundred classes of this project more
than everything else a command does. Here all classes share one `__init__`, `__eq__`, `__hash__` and `__repr__`. Type
checkers see the standard ones, and the standard `fields`, `replace` and `is_dataclass` work on the result. Supported is
what is used: keyword-only, slots, no inheritance between data classes, no `__post_init__`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace

__all__ = ["dataclass", "default", "field", "is_dataclass", "names", "replace"]

_T = TypeVar("_T")
_MISSING = object()


class _Field:
    """What `field()` says of one."""

    __slots__ = ("compare", "default", "factory", "repr")

    def __init__(self, default: object, factory: Callable[[], object] | None, *, repr: bool, compare: bool) -> None:
        self.default = default
        self.factory = factory
        self.repr = repr
        self.compare = compare

    def make(self) -> object:
        """Its default, anew where a factory makes it; `_MISSING` where there is none."""
        return self.default if self.factory is None else self.factory()


class _Twin:
    """`__dataclass_fields__`, on demand: those of a standard data class of the same fields."""

    def __get__(self, _instance: object, kind: type) -> object:
        import dataclasses

        specified: list[tuple[str, Any, Any]] = []
        for name in names(kind):
            own = kind.__fields__[name]  # type: ignore[attr-defined]  # set by `_made`
            given: dict[str, Any] = {"repr": own.repr, "compare": own.compare}
            if own.factory is not None:
                given["default_factory"] = own.factory
            elif own.default is not _MISSING:
                given["default"] = own.default
            specified.append((name, kind.__annotations__[name], dataclasses.field(**given)))
        twin = dataclasses.make_dataclass(kind.__name__, specified, kw_only=True)
        return vars(twin)["__dataclass_fields__"]


if not TYPE_CHECKING:

    def field(*, default=_MISSING, default_factory=None, repr=True, compare=True):
        """As the standard one."""
        return _Field(default, default_factory, repr=repr, compare=compare)

    def dataclass(*, frozen=False, slots=True, kw_only=True, eq=True, order=False):
        """As the standard one, with `slots` and `kw_only` always on."""

        def decorate(kind):
            return _made(kind, frozen=frozen, eq=eq, order=order)

        return decorate

    def replace(value, /, **changes):
        """As the standard one."""
        kind = type(value)
        return kind(**{**{name: getattr(value, name) for name in kind.__slots__}, **changes})


def is_dataclass(value: object) -> bool:
    """Whether it is one of ours, or the class of one."""
    kind = value if isinstance(value, type) else type(value)
    return "__fields__" in vars(kind)


def names(kind: type) -> tuple[str, ...]:
    """The names of its fields, in order."""
    return tuple(kind.__fields__)  # type: ignore[attr-defined]  # set by `_made`


def default(kind: type, name: str) -> object:
    """What a field is where it is not given; Ellipsis where it has to be."""
    found = kind.__fields__[name].make()  # type: ignore[attr-defined]  # set by `_made`
    return ... if found is _MISSING else found


def _made(kind: type[_T], *, frozen: bool, eq: bool, order: bool) -> type[_T]:
    """The class anew, with slots and the shared methods."""
    namespace = {name: value for name, value in vars(kind).items() if name not in ("__dict__", "__weakref__")}
    fields: dict[str, _Field] = {}
    for name, annotation in namespace.get("__annotations__", {}).items():
        if str(annotation).startswith("ClassVar"):
            continue
        given = namespace.pop(name, _MISSING)
        fields[name] = given if isinstance(given, _Field) else _Field(given, None, repr=True, compare=True)
    namespace.update(__slots__=tuple(fields), __fields__=fields, __match_args__=(), __dataclass_fields__=_Twin())
    made: type[_T] = type(kind.__name__, kind.__bases__, {**_methods(frozen, eq, order), **namespace})
    made.__qualname__ = kind.__qualname__
    slots = vars(made)
    made.__places__ = tuple(  # type: ignore[attr-defined]  # set by `_made`
        [(name, slots[name].__set__, own.default, own.factory) for name, own in fields.items()]
    )
    return made


def _methods(frozen: bool, eq: bool, order: bool) -> dict[str, object]:
    """Those that all such classes share; what a class says itself wins."""
    shared = {**_SHARED, **(_EQUALITY if eq else {}), **(_ORDER if order else {}), **(_FROZEN if frozen else {})}
    return shared if frozen or not eq else {**shared, "__hash__": None}


def _init(self: Any, **values: object) -> None:
    """By the slots' own setters, which no freezing stops; a hundred thousand nodes of a document pass here."""
    given = 0
    for name, put, default, factory in self.__places__:
        if name in values:
            given += 1
            put(self, values[name])
        elif factory is not None:
            put(self, factory())
        elif default is not _MISSING:
            put(self, default)
        else:
            raise TypeError(f"{type(self).__name__} needs `{name}`")
    if given != len(values):
        unknown = [name for name in values if name not in self.__fields__]
        raise TypeError(f"{type(self).__name__} has no {', '.join(unknown)}")


def _compared(self: Any) -> tuple[object, ...]:
    return tuple([getattr(self, name) for name, own in type(self).__fields__.items() if own.compare])


def _eq(self: Any, other: object) -> bool:
    return _compared(self) == _compared(other) if type(self) is type(other) else NotImplemented


def _hash(self: Any) -> int:
    return hash((type(self), _compared(self)))


def _lt(self: Any, other: Any) -> bool:
    return _compared(self) < _compared(other) if type(self) is type(other) else NotImplemented


def _le(self: Any, other: Any) -> bool:
    return _compared(self) <= _compared(other) if type(self) is type(other) else NotImplemented


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name, own in type(self).__fields__.items() if own.repr)
    return f"{type(self).__qualname__}({shown})"


def _refuse(self: Any, name: str, *_value: object) -> None:
    raise AttributeError(f"{type(self).__name__}.{name} cannot be changed: use replace()")


def _reduce(self: Any) -> tuple[object, ...]:
    return _rebuilt, (type(self), {name: getattr(self, name) for name in names(type(self))})


def _rebuilt(kind: type[_T], values: dict[str, object]) -> _T:
    return kind(**values)


_SHARED: dict[str, object] = {"__init__": _init, "__repr__": _repr, "__reduce__": _reduce}
_EQUALITY: dict[str, object] = {"__eq__": _eq, "__hash__": _hash}
_ORDER: dict[str, object] = {"__lt__": _lt, "__le__": _le}
_FROZEN: dict[str, object] = {"__setattr__": _refuse, "__delattr__": _refuse}
