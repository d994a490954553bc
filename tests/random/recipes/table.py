"""The table of recipes, which the other files of this folder fill."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from draw import Draw

Recipe = Callable[[Draw, str], None]
RECIPES: dict[str, Recipe] = {}


def recipe(*operators: str) -> Callable[[Recipe], Recipe]:
    """Marks what adds a node of any of these operators to a drawing. It may raise NotFit."""

    def add(function: Recipe) -> Recipe:
        for operator in operators:
            if operator in RECIPES:
                raise ValueError(f"two recipes for {operator}")
            RECIPES[operator] = function
        return function

    return add


def read_all() -> dict[str, Recipe]:
    """By operator, in the order of their names."""
    package = importlib.import_module("recipes")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"recipes.{module.name}")
    return dict(sorted(RECIPES.items()))
