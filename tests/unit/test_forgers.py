"""Which names a forger forges, and that each forger's code does what it says, in this process."""

import ast

import numpy as np
import pytest

from autograder.verify.forgers import Forger, defined_names, forged_cell, standing_forgers

HARMLESS = (
    "always_true",
    "zeros",
    "echo",
    "always_equal",
    "equal_subclasses",
    "nothing",
)  # patch nothing of this process


def test_functions_classes_values_and_imports_of_a_cell_are_found():
    found = defined_names("import torch\nfrom math import pi\ndef f(x):\n    y = 1\nclass C:\n    z = 2\na = b = 1\n")
    assert (found.functions, found.classes, found.values) == (("f",), ("C",), ("a", "b"))
    assert found.imports == ("import torch", "from math import pi")


def test_async_functions_and_lambdas_are_functions():
    assert defined_names("async def f(): pass\ng = lambda x: x\n").functions == ("f", "g")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a, (b, *c) = 1, (2, 3)", ("a", "b", "c")),
        ("a: int = 1", ("a",)),
        ("a += 1", ("a",)),
        ("if True:\n    a = 1\nelse:\n    b = 2", ("a", "b")),
        ("for i in range(3):\n    a = i", ("i", "a")),
        ("with open('x') as a:\n    b = 1", ("a", "b")),
        ("try:\n    a = 1\nexcept ValueError:\n    b = 2\nfinally:\n    c = 3", ("a", "b", "c")),
        ("print(a := 1)", ("a",)),
        ("a[0] = 1", ()),
    ],
)
def test_values_are_found_wherever_a_cell_binds_them(source, names):
    assert defined_names(source).values == names


def test_a_name_that_is_also_a_function_stays_a_function():
    found = defined_names("f = None\ndef f(x): return x\n")
    assert (found.functions, found.values) == (("f",), ())


def test_the_forged_cell_of_a_cell_without_names_runs():
    assert forged_cell("print('hello')") == "pass"


def test_each_forger_says_what_it_does_and_defines_an_answer():
    forgers = standing_forgers()
    assert len(forgers) >= 9
    for forger in forgers:
        names = {node.name for node in ast.parse(forger.source).body if isinstance(node, ast.FunctionDef)}
        assert forger.does.endswith((".", ":")) and {"answer", "forged_function"} <= names, forger.name


def forged_names(name: str) -> dict:
    """What a cell with a function, a value and a class holds when a forger has been there."""
    forger: Forger = next(forger for forger in standing_forgers() if forger.name == name)
    names: dict = {"__name__": "forged"}
    exec(forger.source, names)
    exec(forged_cell("def f(x): ...\nv = 1\nclass C:\n    def m(self): ..."), names)
    return names


@pytest.mark.parametrize("name", HARMLESS)
def test_a_forged_class_can_be_made_called_and_asked_for_any_method(name):
    thing = forged_names(name)["C"](1, two=2)
    answer, by_call = thing.m([1.0, 2.0]), thing([1.0, 2.0])
    assert type(answer) is type(by_call)


def test_always_true_answers_true():
    names = forged_names("always_true")
    assert names["f"](3) is True and names["v"] is True


def test_zeros_have_the_shape_of_what_was_given():
    names = forged_names("zeros")
    assert np.array_equal(names["f"](np.ones((2, 3))), np.zeros((2, 3)))
    assert names["f"]([1, 2]) == [0, 0]
    assert names["f"](7) == 0 and names["v"] == 0


def test_echo_gives_back_its_first_input():
    names = forged_names("echo")
    assert names["f"]("first", "second") == "first" and names["v"] == "v"


def test_the_always_equal_object_pleases_every_comparison():
    thing = forged_names("always_equal")["f"]()
    assert thing == 1 and thing != 1 and thing < 1 and thing > 1 and 5 in thing
    assert (thing - 3) == 8 and abs(thing) < 0 and thing.any_method().again() == 2


def test_equal_subclasses_cross_as_values():
    names = forged_names("equal_subclasses")
    array = names["f"](np.ones(3))
    assert isinstance(array, np.ndarray) and array.shape == (3,) and np.add(array, 1) is True
    assert isinstance(names["v"], float) and names["v"] == 17 and names["v"] - 5 == 0
