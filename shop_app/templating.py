"""Templates compiled once per language: fixed words and icons become part of the markup, and cost a page nothing."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from flask.templating import Environment
from jinja2 import Template, nodes
from jinja2.visitor import NodeTransformer

from shop_app.icons import icon
from shop_app.text import for_page, locale_name


class PageEnvironment(Environment):
    """Gives each reader the templates of their language. What is not fixed, as a word with a value in it, stays a call."""

    language: str | None = None

    def _load_template(self, name: str, globals: MutableMapping[str, Any] | None) -> Template:
        if self.language is None:
            return self._in(locale_name())._load_template(name, globals)
        return super()._load_template(name, globals)

    def _in(self, language: str) -> PageEnvironment:
        made: dict[str, PageEnvironment] = self.__dict__.setdefault("of_language", {})
        if language not in made:
            environment = self.overlay()
            environment.language = language
            made.setdefault(language, environment)  # several threads may come here at once
        return made[language]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        if self.language is not None:
            _Fixed().visit(tree)
        return tree


class _Fixed(NodeTransformer):
    """Puts what `_("text")` and `icon("name")` give in their place. Escaping is left to jinja, as for any text."""

    def __init__(self) -> None:
        self.translate = for_page()

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - jinja calls it so
        self.generic_visit(node)
        arguments = [one.value for one in node.args if isinstance(one, nodes.Const)]
        dynamic = len(arguments) < len(node.args) or node.kwargs or node.dyn_args or node.dyn_kwargs
        if dynamic or not arguments or not isinstance(node.node, nodes.Name):
            return node
        if node.node.name == "_":
            return nodes.Const(self.translate(*arguments), lineno=node.lineno)
        if node.node.name == "icon":
            return nodes.MarkSafe(nodes.Const(str(icon(*arguments))), lineno=node.lineno)
        return node
