"""The house rules that hold between modules: no cycles, nothing private reached into, one owner a public name.

What breaks a rule today is listed, and the lists only shrink: one that names what is mended fails too.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.trees import PACKAGE, nodes, trees

# Public functions and classes that two modules define.
TWO_OWNERS: set[str] = set()

# Private names that a module takes from another one: "module imports name".
TAKEN: set[str] = set()

# Private attributes of our classes that another module reaches into: "module reaches name".
REACHED: set[str] = set()

MOST_LINES, MOST_OF_A_FUNCTION, AS_A_RULE = 400, 50, 10  # of a function without its docstring

# What Neo's proxies are made of, which they show no public way; classes of ours use some of the same names.
NEOS = {"_block_index", "_inner_stream_channels", "_rawio", "_seg_index", "_stream_index"}


def dotted(path: Path) -> str:
    """Return the name that a file of the package is imported by."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


FILES = {dotted(PACKAGE / file): file for file in trees()}
PACKAGES = {module for module, file in FILES.items() if file.endswith("__init__.py")}

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def at_once(tree: ast.AST):
    """Yield the statements that run when a module is imported; not what is inside functions, or for types alone."""
    for node in ast.iter_child_nodes(tree):
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if not (isinstance(node, (*FUNCTIONS, ast.expr)) or for_types):
            yield node
            yield from at_once(node)


def found(module: str, kind: type[ast.AST], lazy: bool):
    """Return a module's nodes of a kind: those that run when it is imported, with `lazy` all."""
    if lazy:
        return nodes(FILES[module], kind)
    return [node for node in at_once(trees()[FILES[module]]) if isinstance(node, kind)]


def froms(module: str, lazy: bool = True):
    """Yield (module, name) for every name that a module imports from another one of ours."""
    package = module.split(".") if module in PACKAGES else module.split(".")[:-1]
    for node in found(module, ast.ImportFrom, lazy):
        base = package[: len(package) - node.level + 1] if node.level else []
        source = ".".join([*base, *filter(None, [node.module])])
        yield from ((source, alias.name) for alias in node.names if source.split(".")[0] == "mockrawio")


def imports(module: str, lazy: bool) -> set[str]:
    """Return the modules of ours that a module imports."""
    plain = {alias.name for node in found(module, ast.Import, lazy) for alias in node.names}
    taken = {f"{source}.{name}" if f"{source}.{name}" in FILES else source for source, name in froms(module, lazy)}
    return {name for name in plain | taken if name in FILES} - {module}


def part(module: str) -> str:
    """Return the part of the package, a folder or a module at its top, that a module belongs to."""
    return ".".join(module.split(".")[:2])


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return the nodes of one cycle of a graph; an empty list if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def parts_imported() -> dict[str, set[str]]:
    """Return what each part imports of the others, inside functions too; the package's own lazy names left out."""
    graph = defaultdict(set)
    for module in FILES.keys() - {"mockrawio"}:
        others = {part(name) for name in imports(module, lazy=True)} - {part(module), "mockrawio"}
        graph[part(module)] |= others
    return graph


def private(name: str) -> bool:
    """Return True if a name is private by its underscore."""
    return name.startswith("_") and not name.startswith("__")


def defined(file: str) -> set[str]:
    """Return the private names that a module gives to what it defines, attributes that it sets included."""
    named = {node.name for kind in (*FUNCTIONS, ast.ClassDef) for node in nodes(file, kind)}
    stored = [
        node for kind in (ast.Name, ast.Attribute) for node in nodes(file, kind) if isinstance(node.ctx, ast.Store)
    ]
    names = {getattr(node, "id", getattr(node, "attr", "")) for node in stored}
    return {name for name in named | names if private(name)}


def used_of_others(file: str) -> set[str]:
    """Return the private attributes that a module uses of anything but `self` and `cls`."""
    used = [node for node in nodes(file, ast.Attribute) if private(node.attr)]
    return {node.attr for node in used if ast.unparse(node.value) not in {"self", "cls"}}


def test_modules_have_no_cycle():
    """Modules import each other in one direction when they are imported."""
    assert cycle({module: imports(module, lazy=False) for module in FILES}) == []


def test_parts_have_no_cycle():
    """Parts of the package import each other in one direction, inside functions too."""
    assert cycle(parts_imported()) == []


def test_a_cycle_is_seen():
    """The checks above see a cycle, a relative import, and one that waits inside a function."""
    assert set(cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}
    assert "mockrawio.ground.errors" in imports("mockrawio.verify", lazy=False)
    assert "mockrawio.verify" in imports("mockrawio.cli.look", lazy=True) - imports("mockrawio.cli.look", lazy=False)
    assert "mockrawio.session" in parts_imported()["mockrawio.hybrid"]


def test_private_names_stay_at_home():
    """No module imports a private name of another, but those listed; one listed for nothing is struck off."""
    taken = {f"{module} imports {name}" for module in FILES for _, name in froms(module) if private(name)}
    assert taken == TAKEN


def test_private_attributes_stay_at_home():
    """No module reaches into a private attribute of another's class, but those listed; each of these does so."""
    homes = {module: defined(file) for module, file in FILES.items()}
    ours = set().union(*homes.values()) - NEOS
    pairs = [(module, name) for module, file in FILES.items() for name in used_of_others(file)]
    reached = {f"{module} reaches {name}" for module, name in pairs if name in ours - homes[module]}
    assert reached == REACHED


def test_public_names_have_one_owner():
    """One module defines a public function or class, but those listed; each of these has two owners indeed."""
    owners = defaultdict(set)
    for module, file in FILES.items():
        for node in trees()[file].body:
            if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
                owners[node.name].add(module)
    assert {name for name, modules in owners.items() if len(modules) > 1} == TWO_OWNERS


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function but for its docstring."""
    first = function.body[0]
    docstring = first.end_lineno - first.lineno + 1 if ast.get_docstring(function) is not None else 0
    return function.end_lineno - function.lineno + 1 - docstring


def test_functions_and_modules_are_as_short_as_contributing_says():
    """No module and no function has more lines than CONTRIBUTING has it, and three functions in four are below ten."""
    lines = {dotted(path): path.read_text("utf-8").count("\n") for path in PACKAGE.rglob("*.py")}
    assert {module for module, count in lines.items() if count > MOST_LINES} == set()
    functions = [node for file in FILES.values() for kind in FUNCTIONS for node in nodes(file, kind)]
    lengths = [length(function) for function in functions]
    assert max(lengths) <= MOST_OF_A_FUNCTION
    assert sum(n < AS_A_RULE for n in lengths) > 0.75 * len(lengths)
    said = " ".join((PACKAGE.parent / "CONTRIBUTING.md").read_text("utf-8").split())
    assert f"Most have fewer than {AS_A_RULE} lines, none more than {MOST_OF_A_FUNCTION} without its docstring" in said
    assert f"A module has at most {MOST_LINES} lines" in said


def test_what_can_look_at_more_is_marked():
    """A file that asks how much its tests look at has some marked ``at_length``; else no run would look at all."""
    texts = {path: path.read_text("utf-8") for path in Path(__file__).parent.rglob("test_*.py")}
    asking = {path: text for path, text in texts.items() if "tests.length import" in text}
    assert [path.name for path, text in asking.items() if "mark.at_length" not in text] == []
