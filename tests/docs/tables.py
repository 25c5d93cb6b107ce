"""Writes the tables of keys into the docs: `python -m tests.docs.tables docs/configuration.md ...`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from vidframe.core.config.keys import CameraKeys, ClusterConfig, FileKeys, Keys, StepKeys

MODELS: dict[str, type[Keys]] = {
    "file": FileKeys,
    "camera": CameraKeys,
    "step": StepKeys,
    "cluster": ClusterConfig,
}
_PART = re.compile(r"(<!-- keys of a (\w+), made by `make docs` -->\n).*?(?=<!-- end -->)", re.DOTALL)


def with_tables(page: str) -> str:
    """The page with its tables of keys as the code has them."""
    return _PART.sub(lambda part: part[1] + _table(MODELS[part[2]]), page)


def _table(model: type[Keys]) -> str:
    rows = ["| key | what it is |", "| --- | --- |"]
    for name, field in sorted(model.model_fields.items(), key=lambda item: not item[1].is_required()):
        rows.append(f"| `{name}` | {' '.join((field.description or '').split())}{_default(field)} |")
    return "\n".join(rows) + "\n"


def _default(field: Any) -> str:
    if field.is_required():
        return "; required"
    default = field.default[0] if isinstance(field.default, tuple) and field.default else field.default
    if isinstance(default, float):
        default = f"{default:g}s"
    return f"; default `{default}`" if isinstance(default, str | int | Path) else ""


def main(paths: list[str]) -> None:
    """Brings the pages up to date."""
    for path in map(Path, paths):
        path.write_text(with_tables(path.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
