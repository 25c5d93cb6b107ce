"""Makes the tables of the keys of a config out of their models in vidframe/core/config/keys.py.

`python docs/make_keys.py` writes; with `--check` it only names what is out of date, and fails if something is.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from vidframe.core.config.keys import CameraKeys, ClusterConfig, FileKeys, Keys, MountingKeys, StepKeys

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "docs/configuration.md", ROOT / "docs/cluster.md")
MODELS: dict[str, type[Keys]] = {
    "file": FileKeys,
    "camera": CameraKeys,
    "mounting": MountingKeys,
    "step": StepKeys,
    "cluster": ClusterConfig,
}
PART = re.compile(
    r"(<!-- made by docs/make_keys.py: keys of a (\w+) -->\n).*?(?=<!-- made by docs/make_keys.py: end -->)", re.S
)


def stale() -> dict[Path, str]:
    """The pages that are out of date, and what they should be."""
    made = {page: PART.sub(lambda part: part[1] + _table(MODELS[part[2]]), page.read_text()) for page in PAGES}
    return {page: text for page, text in made.items() if text != page.read_text()}


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


def main() -> None:
    """Write what is out of date, or name it."""
    pages = stale()
    for page, text in pages.items():
        print(page.relative_to(ROOT))
        if "--check" not in sys.argv:
            page.write_text(text)
    sys.exit(1 if pages and "--check" in sys.argv else 0)


if __name__ == "__main__":
    main()
