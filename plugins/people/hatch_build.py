"""Puts the model files into the plugin's wheel, or into its folder where it is installed editable."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ModelsHook(BuildHookInterface):  # type: ignore[type-arg]  # its configuration is nobody's business here
    """Called by hatchling for each wheel, editable ones too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        folder, names = self._models()
        if version == "editable":
            target = Path(self.root) / "vidframe_people" / "models"
            target.mkdir(exist_ok=True)
            for name in names:
                shutil.copyfile(folder / name, target / name)
        else:
            for name in names:
                build_data["force_include"][str(folder / name)] = f"vidframe_people/models/{name}"

    def _models(self) -> tuple[Path, list[str]]:
        sys.path.insert(0, self.root)
        try:
            import build_models
        finally:
            sys.path.remove(self.root)
        try:
            folder = build_models.models(self.app.display_info)
        except build_models.BuildError as error:
            self.app.abort(str(error))
        return folder, list(build_models.model_files.SHA256)
