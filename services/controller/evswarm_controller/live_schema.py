"""The JSON Schema of the live feed, as it comes with this package."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def live_schema() -> dict[str, Any]:
    """`dashboard/live.schema.json`. Not to be changed."""
    path = files("evswarm_controller") / "dashboard" / "live.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema
