"""Pickles of tensors, read without running them.

A pickle is a program for a stack machine. This machine knows numbers, texts, lists, tuples, dictionaries and tensors; a
name of a class or function stays a name, and the only calls it makes are its own, to the few that build tensors. What
else a pickle asks for is refused. `pickletools` of the standard library takes the program apart, within its bounds.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

OPERATIONS = 500_000
"""How long a program may be; a tensor takes about thirty operations."""


@dataclass(frozen=True)
class Name:
    """A class or function that the pickle names; it is never looked up."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Storage:
    """The numbers of some tensors, which lie outside the pickle under `key`: `count` of the kind `kind`."""

    kind: str
    key: str
    count: int


Build = Callable[[Storage, Any, Any, Any], Any]
"""A tensor from its storage, offset, shape and strides, as the pickle gives them."""


def read_pickle(file: IO[bytes], build: Build | None = None) -> Any:
    """The value that the next pickle in `file` stands for, tensors made by `build`; a `ValueError` says what is wrong.

    The file is left at the pickle's end. Values may hold themselves, so that nothing should walk them to the ground.
    """
    machine = _Machine(build=build)
    try:
        for number, (opcode, arg, _) in enumerate(pickletools.genops(file)):
            if number > OPERATIONS:
                raise ValueError(f"takes more than {OPERATIONS} operations to read")
            if opcode.name == "STOP":
                return machine.stack.pop()
            machine.step(opcode.name, arg)
    except (IndexError, KeyError) as error:
        raise ValueError("is no whole pickle: it takes from an empty stack or memory") from error
    raise ValueError("is no whole pickle: it does not stop")


@dataclass(frozen=True, kw_only=True)
class _Machine:
    """What the program works on: a stack, the places marked in it, and what it remembers."""

    build: Build | None
    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def since_mark(self) -> list[Any]:
        """Take what lies above the last mark."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def step(self, opcode: str, arg: Any) -> None:
        """Do one operation."""
        stack, memo = self.stack, self.memo
        if opcode in LITERALS:
            stack.append(arg)
        elif opcode in CONSTANTS:
            stack.append(CONSTANTS[opcode]())
        elif opcode == "MARK":
            self.marks.append(len(stack))
        elif opcode in ("LIST", "TUPLE"):
            items = self.since_mark()
            stack.append(items if opcode == "LIST" else tuple(items))
        elif opcode in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(opcode[-1])
            stack[-count:] = [tuple(checked(stack, count))]
        elif opcode in ("APPEND", "APPENDS"):
            items = self.since_mark() if opcode == "APPENDS" else [stack.pop()]
            expected(stack[-1], list).extend(items)
        elif opcode in ("SETITEM", "SETITEMS", "DICT"):
            items = self.since_mark() if opcode != "SETITEM" else [stack.pop(-2), stack.pop()]
            if opcode == "DICT":
                stack.append({})
            expected(stack[-1], dict).update(pairs(items))
        elif opcode in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            memo[len(memo) if opcode == "MEMOIZE" else arg] = stack[-1]
        elif opcode in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(memo[arg])
        elif opcode == "GLOBAL":
            stack.append(Name(arg.replace(" ", ".")))
        elif opcode == "STACK_GLOBAL":
            stack[-2:] = [Name(".".join(expected(part, str) for part in checked(stack, 2)))]
        elif opcode == "BINPERSID":
            stack.append(storage(stack.pop()))
        elif opcode == "REDUCE":
            arguments = stack.pop()
            stack.append(call(expected(stack.pop(), Name), expected(arguments, tuple), self.build))
        elif opcode == "BUILD":  # attributes beside the content, such as the versions in a state dictionary
            stack.pop()
            if isinstance(stack[-1], Name):
                raise ValueError(f"would set attributes of {stack[-1].name}")
        elif opcode in ("POP", "DUP"):
            top = stack.pop()
            stack.extend([top, top] if opcode == "DUP" else [])
        elif opcode not in ("PROTO", "FRAME"):
            raise ValueError(f"would do {opcode}, which no tensor needs")


CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
LITERALS = frozenset(
    f"{prefix}{kind}{suffix}"
    for kind, prefixes, suffixes in (
        ("INT", ("", "BIN"), ("", "1", "2")),
        ("LONG", ("",), ("", "1", "4")),
        ("FLOAT", ("", "BIN"), ("",)),
        ("UNICODE", ("", "BIN", "SHORT_BIN"), ("", "8")),
        ("STRING", ("", "BIN", "SHORT_BIN"), ("",)),
        ("BYTES", ("BIN", "SHORT_BIN"), ("", "8")),
    )
    for prefix in prefixes
    for suffix in suffixes
)


def checked(stack: list[Any], count: int) -> list[Any]:
    """The last `count` values, which must be there."""
    if len(stack) < count:
        raise IndexError
    return stack[-count:]


def expected(value: Any, kind: type) -> Any:
    """The value, which must be of that kind."""
    if type(value) is not kind:
        raise ValueError(f"expected a {kind.__name__}, got a {type(value).__name__}")
    return value


def pairs(items: list[Any]) -> dict[Any, Any]:
    """Keys and values in turn; keys are numbers and texts, whose hash takes no time."""
    if len(items) % 2:
        raise ValueError("has a key without a value")
    for key in items[::2]:
        if type(key) not in (str, int, float, bool, bytes, type(None)):
            raise ValueError(f"has a {type(key).__name__} as a key, expected a number or a text")
    return dict(zip(items[::2], items[1::2], strict=True))


def storage(persistent: Any) -> Storage:
    """What `('storage', kind, key, device, count)` refers to; a view of another storage (of torch 0.3) is refused."""
    match persistent:
        case ("storage", Name(name=name), str(key), str(), int(count), *rest) if not any(rest):
            return Storage(kind=name, key=key, count=count)
    raise ValueError("refers to something outside that is no storage of a tensor")


def call(function: Name, arguments: tuple[Any, ...], build: Build | None) -> Any:
    """What the few calls give that tensors and plain containers need."""
    match function.name, arguments:
        case "collections.OrderedDict", ():
            return {}
        case "collections.OrderedDict", (list(items),):
            return pairs([part for item in items for part in item]) if all(map(is_pair, items)) else pairs([None])
        case (("torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor"), (Storage(), _, _, _, *_)):
            return build(*arguments[:4]) if build else None
        case (("torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state"), (tensor, *_)):
            return tensor
        case "torch.Size", (tuple(sizes),):
            return sizes
        case "torch.device", (str(name), *_):
            return name
    raise ValueError(f"would call {function.name}, and calls are never made")


def is_pair(item: Any) -> bool:
    """Whether the item is a key and its value."""
    return isinstance(item, list | tuple) and len(item) == 2
