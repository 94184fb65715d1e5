"""The API's description as one page without scripts, made from the OpenAPI document: it works offline and under a
strict content policy.
"""

import json
from html import escape
from typing import Any, Final

from evswarm_controller.openapi_document import general_statuses

STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); text-transform: capitalize; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: 0 .75rem; }
summary { padding: .5rem 0; cursor: pointer; } summary span { opacity: .75; }
code, pre { font: 13px/1.5 ui-monospace, monospace; } pre { background: var(--soft); padding: .6rem; overflow: auto; }
.method { display: inline-block; min-width: 4em; font-weight: 700; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top;
padding: .25rem .5rem; border-top: 1px solid var(--line); }
"""

SIGN_IN: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>evswarm: sign in</title></head><body>'
    '<h1>Sign in first</h1><p>This controller asks for a token. <a href="/">Sign in at the dashboard</a>, then come '
    'back to <a href="/docs">/docs</a>.</p></body></html>'
)

_GUARDED: Final = (
    "<p>This controller asks for a token: send <code>Authorization: Bearer …</code> with its EVSWARM_API_TOKEN, or "
    '<a href="/">sign in at the dashboard</a>. Without it the answer is 401.</p>'
)
_OPEN: Final = (
    "<p>This controller asks for no token; whoever reaches it may do everything. To protect it, start it with "
    "EVSWARM_API_TOKEN set to a secret of at least 16 characters.</p>"
)
_EVERYWHERE: Final = (
    "<p>Any request may be answered with 403 when a page of somebody else sends it, with 421 when it calls the "
    "controller by a name that is not in EVSWARM_ALLOWED_HOSTS, and with 429 when one client asks for too many changes "
    "(EVSWARM_RATE_LIMIT_PER_SECOND).</p>"
)
_GENERAL: Final = general_statuses()


def render(openapi: dict[str, Any], base_url: str) -> str:
    """The page. `base_url` stands in the curl examples."""
    schemas = openapi.get("components", {}).get("schemas", {})
    guarded = "securitySchemes" in openapi.get("components", {})
    by_tag: dict[str, list[str]] = {}
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(_operation(method, path, operation, schemas, base_url))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(parts)}" for tag, parts in by_tag.items())
    info = openapi["info"]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(info["title"])}</title><link rel="stylesheet" href="/docs/style.css"></head><body>'
        f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>"
        f"<p>{escape(info.get('description', ''))}</p>"
        '<p>Machine-readable: <a href="/openapi.json">/openapi.json</a> · <a href="/">Dashboard</a></p>'
        f"{_GUARDED if guarded else _OPEN}{_EVERYWHERE}{sections}</body></html>"
    )


def _operation(
    method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any], base_url: str
) -> str:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    parts = [f"<p>{escape(operation.get('description', ''))}</p>"]
    if operation.get("parameters"):
        rows = "".join(
            _row(f"{p['name']} ({p['in']})", p["schema"] | {"description": p.get("description", "")}, schemas)
            for p in operation["parameters"]
        )
        parts.append(f"<table><tr><th>Parameter</th><th>Type</th><th></th></tr>{rows}</table>")
    if body:
        parts.append(_fields("Body", body.get("schema", {}), schemas))
    parts.append(f"<pre>{escape(_curl(method, path, body, operation, schemas, base_url))}</pre>")
    answers = []
    for status, answer in operation["responses"].items():
        if status in _GENERAL:
            continue
        content: dict[str, Any] = next(iter(answer.get("content", {}).values()), {})
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        answers.append(
            f"<tr><td>{escape(status)}</td><td>{escape(name)}</td><td>{escape(answer['description'])}</td></tr>"
        )
        if status.startswith("2") and name:
            parts.append(_fields(f"Answer {status}", content["schema"], schemas))
    parts.append(f"<table><tr><th>Status</th><th>Body</th><th></th></tr>{''.join(answers)}</table>")
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><code class="method">{method.upper()}</code> '
        f"<code>{escape(path)}</code> <span>{escape(operation.get('summary', ''))}</span></summary>"
        f"{''.join(parts)}</details>"
    )


def _fields(title: str, schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    resolved = _resolve(schema, schemas)
    rows = "".join(_row(name, field, schemas) for name, field in resolved.get("properties", {}).items())
    if not rows:
        return ""
    return f"<table><tr><th>{escape(title)}</th><th>Type</th><th></th></tr>{rows}</table>"


def _row(name: str, schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    return (
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(_type(schema, schemas))}</td>"
        f"<td>{escape(schema.get('description', ''))}</td></tr>"
    )


def _resolve(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    resolved: dict[str, Any] = schemas.get(name, {}) if name else schema
    return resolved


def _type(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(option, schemas) for option in schema["anyOf"])
    resolved = _resolve(schema, schemas)
    if "enum" in resolved:
        return ", ".join(map(str, resolved["enum"]))
    if resolved.get("type") == "array":
        return f"list of {_type(resolved.get('items', {}), schemas)}"
    return str(resolved.get("format") or resolved.get("type") or schema.get("$ref", "").rpartition("/")[2])


def _curl(
    method: str,
    path: str,
    body: dict[str, Any],
    operation: dict[str, Any],
    schemas: dict[str, Any],
    base_url: str,
) -> str:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", _example(parameter["schema"], schemas))
    command = f"curl {base_url.rstrip('/')}{path}"
    if operation.get("security"):
        command += ' -H "Authorization: Bearer $EVSWARM_API_TOKEN"'
    if method == "get":
        return command
    examples = body.get("examples")
    if "example" in body:
        example = body["example"]
    elif examples:
        example = next(iter(examples.values()))["value"]
    else:
        fields = _resolve(body.get("schema", {}), schemas).get("properties", {})
        example = {name: field["examples"][0] for name, field in fields.items() if field.get("examples")}
    return f"{command} -X {method.upper()} -H 'Content-Type: application/json' -d '{json.dumps(example)}'"


def _example(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    resolved = _resolve(schema, schemas)
    examples = schema.get("examples") or resolved.get("examples") or resolved.get("enum") or ["ID"]
    return str(examples[0])
