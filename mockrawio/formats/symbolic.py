"""A pickle interpreter that executes nothing and knows just enough for a dict of arrays.

- it never imports or calls anything the file names; a global is compared with a short
  list and becomes a symbol, and only the reductions that NumPy's own arrays, dtypes and
  scalars need are understood, symbolically;
- everything else is refused, naming the opcode and its offset;
- an array is dtype, shape and file offset: no payload is read, whatever its size;
- opcodes, memo, nesting and string sizes are capped, so is the time it can take.

Protocols 2 to 5. The opcodes are those documented in CPython's ``Lib/pickletools.py``; what
a reduction means is in :mod:`.reductions`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NoReturn

from ..ground.errors import BadFileError
from .file_window import FileWindow
from .npy_out import OPENING
from .prelude import CODE_TEXT, read_prelude
from .reductions import MAX_TEXT, SYMBOLS, Blob, SymbolicArray, SymbolicDtype, TextBlob, build, fill, reduce

MAX_OPCODES = 50_000
MAX_DEPTH = 64
MAX_SPELLED = 1 << 20  # bytes of text kept, all strings together
REMEDY = "Write it with numpy.save from a dict of plain arrays; nothing in it was executed."


class Interpreter:
    """Runs one pickle of a file, symbolically.

    ``data[at]`` is the next byte; `data` is a window on the file that begins at `base`.
    """

    def __init__(self, window: FileWindow, start: int) -> None:
        self.window = window
        self.end = window.size
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.decoded = self.spelled = 0  # bytes of text made into values
        self.base = self.at = self.safe = 0
        self.frame_end = 0  # of the FRAME that we are in, 0 if in none
        self.floor = 0  # height of the stack at the last mark
        self.data = b""
        self.known: list[Any] = []  # what our own writer's arrays take from the memo
        self.seek(start)

    # -- the loop ---------------------------------------------------------------

    def run(self) -> Any:
        """Return the top of the stack at STOP."""
        self._begin()
        stack, memo = self.stack, self.memo
        try:
            for _ in range(MAX_OPCODES):
                if self.at > self.safe:
                    self._move_on()
                base, at, data = self.base, self.at, self.data
                op = data[at]
                self.at = at + 1
                # The commonest opcodes, nine tenths of a file, without a call.
                if op == _MEMOIZE:
                    memo[len(memo)] = stack[-1] if len(stack) > self.floor else self.top()
                elif op in _CONSTANTS:
                    stack.append(_CONSTANTS[op])
                elif op == _BININT1:
                    stack.append(data[at + 1])
                    self.at = at + 2
                elif op == _SHORT_TEXT and at + 2 + data[at + 1] <= len(data) and self.spelled <= _SPELLED_FREELY:
                    self.spelled += data[at + 1]
                    self.at = at + 2 + data[at + 1]
                    stack.append(data[at + 2 : self.at].decode())
                elif op == _STOP:
                    return self._stop()
                else:
                    _TABLE[op](self)
        except (IndexError, KeyError, UnicodeDecodeError):
            self.base, self.at = base, at  # where the opcode at fault stands
            self._fault(data[at : at + 1])
        self.refuse("more opcodes", f"at most {MAX_OPCODES} opcodes")

    def _fault(self, op: bytes) -> NoReturn:
        if not op:
            self.refuse("the end of the file", "a STOP opcode")
        why = " without what it needs" if op[0] in _KNOWN else ""
        self.refuse(f"opcode {_opcode_name(op[0])}{why}")

    def seek(self, position: int) -> None:
        """Put the window at `position`."""
        self.base = position
        self.at = 0
        self.data = self.window.read(position, _WINDOW)
        self._look_ahead()

    def _look_ahead(self) -> None:
        """Compute how far the opcodes run without a check of window and frame."""
        at_end = self.base + len(self.data) >= self.end
        self.safe = len(self.data) if at_end else len(self.data) - _AHEAD
        if self.frame_end:
            self.safe = min(self.safe, self.frame_end - self.base - 1)

    def _move_on(self) -> None:
        """Leave a frame, or put the window where we are."""
        position = self.base + self.at
        if 0 < self.frame_end < position:
            self.refuse("an opcode across the end of its FRAME")
        if self.frame_end == position:
            self.frame_end = 0
            self._look_ahead()
        if self.at > self.safe:
            self.seek(position)

    def refuse(self, found: str, expected: str = "a pickled dict of plain arrays") -> NoReturn:
        """Raise the error that names the file, what was met and where."""
        raise BadFileError(self.window.path, expected, f"{found} at byte {self.base + self.at}", REMEDY)

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes, at most MAX_TEXT of them."""
        if self.at + count > len(self.data):
            self.seek(self.base + self.at)
        at: int = self.at
        taken: bytes = self.data[at : at + count]
        if len(taken) < count:
            self.refuse("the end of the file", f"{count} more bytes")
        self.at = at + count
        return taken

    def skip(self, count: int) -> Blob:
        """Step over `count` bytes and say where they are."""
        position = self.base + self.at
        if count > self.end - position:
            self.refuse(f"the end of the file {self.end - position} bytes on", f"{count} more bytes")
        if self.at + count <= len(self.data):
            self.at += count
        else:
            self.seek(position + count)
        return Blob(position, count)

    def text(self, count: int) -> str | Blob:
        """Return the next `count` bytes as text, or where they are if they are many."""
        if count > MAX_TEXT:
            blob = self.skip(count)
            return TextBlob(blob.offset, blob.length)
        self._count_text(count)
        return self.take(count).decode()

    def _count_text(self, count: int) -> None:
        self.spelled += count
        if self.spelled > MAX_SPELLED:
            self.refuse("more text", f"at most {MAX_SPELLED} bytes of text")

    def peek(self, position: int, count: int) -> bytes:
        """Return a few bytes at `position`, from the window if they are in it."""
        at = position - self.base
        if at >= 0 and at + count <= len(self.data):
            return self.data[at : at + count]
        return self.window.read(position, count)

    def pop_mark(self) -> list[Any]:
        """Return what stands above the last mark, and take both off the stack."""
        items = self.stack[self.floor :]
        del self.stack[self.floor :]
        self.floor = self.marks.pop()
        return items

    def top(self) -> Any:
        """Return the uppermost value, which must lie above the last mark."""
        if len(self.stack) <= self.floor:
            raise IndexError
        return self.stack[-1]

    def pop(self) -> Any:
        """Return the uppermost value, and take it off the stack."""
        if len(self.stack) <= self.floor:
            raise IndexError
        return self.stack.pop()

    # -- frame and memo -----------------------------------------------------------

    def _begin(self) -> None:
        """Skip the known bytes with which our own writer begins every dict, or else PROTO alone."""
        if not self.data.startswith(OPENING):
            self._proto()
            return
        self.at, self.spelled = len(OPENING), _OPENING_TEXT
        letter = Blob(self.base + OPENING.index(b"C\x01b") + 2, 1)
        self.known = [_RECONSTRUCT, (_NDARRAY, (0,), letter), _DTYPE]
        self.memo.update(enumerate(self.known))
        self.stack += [SymbolicArray(), 1, (), SymbolicDtype("O8", None), False, [], {}]
        self.marks += [0, 1]
        self.floor = len(self.stack)

    def _get(self) -> None:
        if not self._own_array():
            self.stack.append(self.memo[self.data[self.at]])
            self.at += 1

    def _own_array(self) -> bool:
        """Skip what our own writer puts before an array's bytes, if that is next, and them; see :meth:`_begin`.

        Stack, marks and text are then what they are after running it opcode by opcode.
        """
        if not self.known or self.frame_end or self.spelled > _SPELLED_FREELY or len(self.marks) > MAX_DEPTH - 2:
            return False
        prelude = read_prelude(self.data, self.at - 1)
        if prelude is None:
            return False
        self.at, self.spelled = prelude.end, self.spelled + CODE_TEXT
        array, content = SymbolicArray(), self.skip(prelude.nbytes)
        self.stack.append(array)
        if self.data.startswith(b"tb", self.at):  # as ever
            self.at += 2
            fill(self, array, prelude.shape, prelude.dtype, "C", content)
        else:
            self._mark()
            self.stack += [1, prelude.shape, prelude.dtype, False, content]
        return True

    def _proto(self) -> None:
        if self.data[:1] != b"\x80" or self.data[1:2] not in (b"\x02", b"\x03", b"\x04", b"\x05"):
            self.refuse("no PROTO opcode", "a pickle of protocol 2 to 5")
        self.at = 2

    def _frame(self) -> None:
        size = int.from_bytes(self.take(8), "little")
        if size > self.end - self.base - self.at:
            self.refuse(f"a FRAME of {size} bytes", "a frame within the file")
        if self.frame_end:
            self.refuse("a FRAME within a FRAME")
        self.frame_end = self.base + self.at + size
        self._look_ahead()

    def _stop(self) -> Any:
        if len(self.stack) != 1 or self.marks:
            self.refuse("STOP with a stack that does not hold one value")
        left = self.end - self.base - self.at
        if left:
            self.refuse(f"{left} bytes after the pickle", "the end of the file")
        return self.stack[0]

    def _mark(self) -> None:
        if len(self.marks) >= MAX_DEPTH:
            self.refuse("MARKs nested too deep", f"at most {MAX_DEPTH} levels")
        self.marks.append(self.floor)
        self.floor = len(self.stack)

    def _put(self, width: int) -> None:
        index = int.from_bytes(self.take(width), "little")
        if index >= MAX_OPCODES:
            self.refuse(f"PUT as number {index}", f"at most {MAX_OPCODES} values kept")
        self.memo[index] = self.top()
        if index < len(self.known):
            self.known = []

    # -- numbers, strings, containers -----------------------------------------------

    def _long(self) -> None:
        start = self.at + 1
        self.at = stop = start + self.data[self.at]
        if stop > len(self.data):
            raise IndexError
        self.stack.append(int.from_bytes(self.data[start:stop], "little", signed=True))

    def _string(self, width: int) -> None:
        self.stack.append(self.text(int.from_bytes(self.take(width), "little")))

    def _bytes(self, width: int) -> None:
        self.stack.append(self.skip(int.from_bytes(self.take(width), "little")))

    def _old_string(self, width: int) -> None:
        """Read a Python 2 string: it stands for text and for bytes."""
        count = int.from_bytes(self.take(width), "little")
        short = count <= 64 and self.data[self.at : self.at + count].isascii()
        if short:
            self._count_text(count)
        self.stack.append(self.take(count).decode("ascii") if short else self.skip(count))

    def _tuple(self, count: int) -> None:
        stack = self.stack
        if len(stack) - self.floor < count:
            raise IndexError
        stack[-count:] = [tuple(stack[-count:])]

    def _tuple_mark(self) -> None:
        stack, floor = self.stack, self.floor
        self.floor = self.marks.pop()
        stack[floor:] = [tuple(stack[floor:])]

    def _extend(self, items: list[Any]) -> None:
        target = self.top()
        if type(target) is not list:
            self.refuse("APPEND to something other than a list")
        target.extend(items)

    def _update(self, items: list[Any]) -> None:
        target = self.top()
        if type(target) is not dict or len(items) % 2:
            self.refuse("SETITEMS on something other than a dict")
        keys = items[::2]
        if not {str}.issuperset(map(type, keys)):
            self.refuse("a dict key that is not a short string")
        target.update(zip(keys, items[1::2], strict=True))

    # -- globals and the reductions NumPy needs -----------------------------------------

    def _global(self) -> None:
        """Read a text GLOBAL: two lines, module and name."""
        lines = self.data[self.at : self.at + 128].split(b"\n", 2)
        if len(lines) != 3:
            self.refuse("a GLOBAL with no short name")
        self._symbol(b" ".join(lines[:2]).decode("latin1"))
        self.at += len(lines[0]) + len(lines[1]) + 2

    def pop_two(self) -> list[Any]:
        """Return the two uppermost values, and take them off the stack."""
        stack = self.stack
        if len(stack) - self.floor < 2:
            raise IndexError
        pair = stack[-2:]
        del stack[-2:]
        return pair

    def _stack_global(self) -> None:
        module, name = self.pop_two()
        if type(name) is not str or type(module) is not str:
            self.refuse("a STACK_GLOBAL of things that are not names")
        self._symbol(f"{module} {name}")

    def _symbol(self, name: str) -> None:
        symbol = SYMBOLS.get(name)
        if symbol is None:
            self.refuse(f"the global {name.replace(' ', '.', 1)!r}", "only NumPy's array, dtype and scalar")
        self.stack.append(symbol)

    def _reduce(self) -> None:
        symbol, arguments = self.pop_two()
        self.stack.append(reduce(self, symbol, arguments))

    def _build(self) -> None:
        state = self.pop()
        build(self, self.top(), state)


def _opcode_name(op: int) -> str:
    import pickletools  # only when something is refused

    known = {o.code: o for o in pickletools.opcodes}.get(chr(op))
    return f"{known.name} (0x{op:02x})" if known else f"0x{op:02x}"


_WINDOW, _AHEAD = 4096 + 512, 512  # bytes read at once; bytes in view before each opcode
_OPENING_TEXT = 57  # bytes of text in OPENING
_SPELLED_FREELY = MAX_SPELLED - 255  # with no more before it, a short text needs no check
_STOP, _MEMOIZE, _BININT1, _SHORT_TEXT = 0x2E, 0x94, 0x4B, 0x8C
_RECONSTRUCT, _NDARRAY, _DTYPE = (
    SYMBOLS[name] for name in ("numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype")
)
_CONSTANTS: dict[int, Any] = {0x4E: None, 0x88: True, 0x89: False, 0x29: ()}

# What is in neither is refused.
_TABLE: dict[int, Callable[[Interpreter], Any]] = {
    ord("]"): lambda i: i.stack.append([]),
    ord("}"): lambda i: i.stack.append({}),
    ord("("): Interpreter._mark,
    ord("t"): Interpreter._tuple_mark,
    ord("a"): lambda i: i._extend([i.pop()]),
    ord("e"): lambda i: i._extend(i.pop_mark()),
    ord("s"): lambda i: i._update(i.pop_two()),
    ord("u"): lambda i: i._update(i.pop_mark()),
    ord("b"): Interpreter._build,
    ord("R"): Interpreter._reduce,
    ord("c"): Interpreter._global,
    0x93: Interpreter._stack_global,
    0x95: Interpreter._frame,
    ord("q"): lambda i: i._put(1),
    ord("r"): lambda i: i._put(4),
    ord("h"): Interpreter._get,
    ord("j"): lambda i: i.stack.append(i.memo[int.from_bytes(i.take(4), "little")]),
    ord("M"): lambda i: i.stack.append(int.from_bytes(i.take(2), "little")),
    ord("J"): lambda i: i.stack.append(int.from_bytes(i.take(4), "little", signed=True)),
    0x8A: Interpreter._long,
    ord("G"): lambda i: i.stack.append(struct.unpack(">d", i.take(8))[0]),
    0x8C: lambda i: i._string(1),
    ord("X"): lambda i: i._string(4),
    0x8D: lambda i: i._string(8),
    ord("C"): lambda i: i._bytes(1),
    ord("B"): lambda i: i._bytes(4),
    0x8E: lambda i: i._bytes(8),
    0x96: lambda i: i._bytes(8),
    ord("U"): lambda i: i._old_string(1),
    ord("T"): lambda i: i._old_string(4),
    0x85: lambda i: i._tuple(1),
    0x86: lambda i: i._tuple(2),
    0x87: lambda i: i._tuple(3),
}
_KNOWN = {_STOP, _MEMOIZE, _BININT1, _SHORT_TEXT, *_CONSTANTS, *_TABLE}
