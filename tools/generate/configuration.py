"""docs/configuration.md and .env.example, from the settings classes."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

from evswarm_shared.settings import PREFIX, SERVICES, ServiceSettings


def files() -> dict[str, str]:
    """The two files."""
    return {"docs/configuration.md": _document(), ".env.example": _example()}


def _groups() -> Iterator[tuple[str, str, dict[str, FieldInfo]]]:
    """Title, introduction and fields: first what every service reads, then each service's own."""
    shared = ServiceSettings.model_fields
    yield "Every service", _summary(ServiceSettings), shared
    for name, settings in SERVICES.items():
        own = {field: info for field, info in settings.model_fields.items() if field not in shared}
        yield name, _summary(settings), own


def _summary(settings: type[ServiceSettings]) -> str:
    return (settings.__doc__ or "").strip().splitlines()[0]


def _default(info: FieldInfo) -> str:
    value = info.default
    if value is None:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _takes(info: FieldInfo) -> str:
    """What values a field takes, in words."""
    kind = info.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(f"`{member.value}`" for member in kind)
    text = (
        {bool: "true or false", int: "whole number", float: "number"}.get(kind, "")
        if isinstance(kind, type)
        else ""
    )
    if not text:
        names = str(kind)
        words = {Path.__name__: "path", "int": "whole number", "float": "number"}
        text = next((word for name, word in words.items() if name in names), "text")
    bounds = []
    for constraint in info.metadata:
        match constraint:
            case Ge(ge=bound):
                bounds.append(f"≥ {bound}")
            case Gt(gt=bound):
                bounds.append(f"> {bound}")
            case Le(le=bound):
                bounds.append(f"≤ {bound}")
            case Lt(lt=bound):
                bounds.append(f"< {bound}")
            case MinLen():
                bounds.append("not empty")
            case _ if getattr(constraint, "pattern", None):
                bounds.append(f"matching `{constraint.pattern.replace('|', chr(92) + '|')}`")
    return ", ".join([text, *bounds])


def _document() -> str:
    lines = [
        "# Configuration",
        "",
        "Services read their settings from the environment once, when they start. A value that is wrong, or a name that",
        f"begins with `{PREFIX}` and that no service knows, stops the start with a message that says which. In containers the",
        "variables may stand in a file `.env` beside docker-compose.yml. `evswarm up` passes them to the services that it starts; its",
        "options go before them.",
        "",
        "Generated from `shared/evswarm_shared/settings.py`.",
    ]
    for title, summary, fields in _groups():
        lines += [
            "",
            f"## {title}",
            "",
            summary,
            "",
            "| variable | takes | default | meaning |",
            "|---|---|---|---|",
        ]
        for name, info in fields.items():
            default = f"`{_default(info)}`" if _default(info) else "–"
            lines.append(f"| `{PREFIX}{name.upper()}` | {_takes(info)} | {default} | {info.description} |")
    return "\n".join(lines) + "\n"


def _example() -> str:
    lines = [
        "# Settings of the services in docker-compose.yml. Copy to .env and uncomment what you change.",
        "# Generated from shared/evswarm_shared/settings.py; docs/configuration.md says more.",
    ]
    for title, summary, fields in _groups():
        lines += ["", f"# --- {title}: {summary}"]
        for name, info in fields.items():
            lines += [f"# {info.description}", f"#{PREFIX}{name.upper()}={_default(info)}"]
    return "\n".join(lines) + "\n"
