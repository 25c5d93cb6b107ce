"""Templates compiled once per language: fixed words, icons and addresses become part of the markup, and cost a page nothing."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from flask.templating import Environment
from jinja2 import Template, nodes
from jinja2.visitor import NodeTransformer

from shop_app.base.text import for_page, locale_name
from shop_app.web.icons import icon


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
            _Fixed(self).visit(tree)
        return tree


class _Fixed(NodeTransformer):
    """Puts what `_("text")`, `icon("tag")`, `static_url("shop.css")` and `url_for("bills.show", bill_id=7)` give in their place.

    Escaping is left to jinja, as for any text.
    """

    def __init__(self, environment: PageEnvironment) -> None:
        self.translate = for_page()
        self.static_url: Any = environment.globals["static_url"]
        self.addresses = environment.app.url_map

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - jinja calls it so
        self.generic_visit(node)
        arguments = [one.value for one in node.args if isinstance(one, nodes.Const)]
        dynamic = len(arguments) < len(node.args) or node.dyn_args or node.dyn_kwargs
        if dynamic or not arguments or not isinstance(node.node, nodes.Name):
            return node
        if node.node.name == "static_url":
            return nodes.Const(self.static_url(*arguments), lineno=node.lineno)
        if node.node.name == "url_for":
            return self._address(arguments[0], {pair.key: pair.value for pair in node.kwargs}) or node
        if node.node.name == "_" and not node.kwargs:
            return nodes.Const(self.translate(*arguments), lineno=node.lineno)
        if node.node.name == "icon" and not node.kwargs:
            return nodes.MarkSafe(nodes.Const(str(icon(*arguments))), lineno=node.lineno)
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.nodes = [piece for one in node.nodes for piece in (one.nodes if isinstance(one, nodes.Concat) else [one])]
        return node

    def _address(self, endpoint: str, values: dict[str, nodes.Expr]) -> nodes.Expr | None:
        """An address of fixed text and numbers; None where it has other parts, which have to be quoted."""
        for rule in self.addresses.iter_rules(endpoint):
            texts, names = _cut(rule.rule)
            if set(names) == set(values) and not any("<" in text for text in texts):
                pieces: list[nodes.Expr] = [nodes.Const(texts[0])]
                for name, text in zip(names, texts[1:], strict=True):
                    pieces += [values[name], nodes.Const(text)]
                return nodes.Concat(pieces)
        return None


def _cut(rule: str) -> tuple[list[str], list[str]]:
    """`/bills/<int:bill_id>/void` as its texts and the names between them."""
    parts = re.split(r"<int:(\w+)>", rule)
    return parts[::2], parts[1::2]
