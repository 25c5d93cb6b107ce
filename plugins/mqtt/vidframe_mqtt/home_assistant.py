"""How Home Assistant learns of a camera: MQTT discovery of a device (Home Assistant 2024.11 or newer).

The form is that of https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

ONLY_READ: dict[str, dict[str, Any]] = {
    "motion": {"platform": "binary_sensor", "name": "Motion", "device_class": "motion"},
    "person": {"platform": "binary_sensor", "name": "Person", "device_class": "occupancy"},
    "state": {"platform": "sensor", "name": "Connection", "entity_category": "diagnostic"},
    "fps": {
        "platform": "sensor", "name": "Frames per second", "unit_of_measurement": "fps", "state_class": "measurement",
        "entity_category": "diagnostic",
    },
    "people": {"platform": "sensor", "name": "People", "state_class": "measurement"},
    "mode": {"platform": "sensor", "name": "Mode"},
    "armed": {"platform": "binary_sensor", "name": "Armed"},
    "snapshot": {"platform": "image", "name": "Snapshot", "content_type": "image/jpeg"},
}  # fmt: skip
COMMANDS: dict[str, dict[str, Any]] = {
    "armed": {"platform": "switch", "name": "Armed"},
    "requested": {"platform": "select", "name": "Mode asked for", "options": ["auto", "day", "night"]},
    "snooze": {
        "platform": "number", "name": "Snooze", "min": 0, "max": 1440, "step": 1, "unit_of_measurement": "min",
        "mode": "box",
    },
}  # fmt: skip


def discovery(camera: str, base: str, prefix: str, *, commands: bool) -> tuple[str, str]:
    """Topic and payload that announce a camera whose topics begin with `base`."""
    identity = base.replace("/", "_")
    components = {}
    for key, component in (ONLY_READ | (COMMANDS if commands else {})).items():
        topic = "image_topic" if component["platform"] == "image" else "state_topic"
        components[key] = component | {"unique_id": f"{identity}_{key}", topic: f"{base}/{key}"}
        if commands and key in COMMANDS:
            components[key]["command_topic"] = f"{base}/{key}/set"
    payload = {
        "device": {"identifiers": [identity], "name": camera, "manufacturer": "vidframe"},
        "origin": {"name": "vidframe", "sw_version": version("vidframe")},
        "availability_topic": f"{base}/online",
        "payload_available": "online",
        "payload_not_available": "offline",
        "qos": 1,
        "components": components,
    }
    return f"{prefix}/device/{identity}/config", json.dumps(payload)
