"""The dashboard's files: read once, served from memory, plain or gzipped.

Their addresses hold a hash over all of them (`/assets/HASH/js/main.js`), so that browsers may keep them for ever and
modules that import each other relatively stay of one version. `index.html` names `/assets/…` and is rewritten.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evswarm_controller.problems import problem

INDEX: Final = "index.html"
FOR_EVER: Final = "public, max-age=31536000, immutable"
WORTH_GZIP_BYTES: Final = 1024
MEDIA_TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
MISSING: Final = (
    b"<!doctype html><title>evswarm</title><p>This build has no dashboard. The API is described at "
    b'<a href="/docs">/docs</a>.'
)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    content: bytes
    zipped: bytes | None
    media_type: str


class DashboardFiles:
    """All files of the dashboard."""

    def __init__(self, assets: dict[str, bytes]) -> None:
        digest = hashlib.sha256()
        for path, content in sorted(assets.items()):
            digest.update(f"{path}\0{len(content)}\0".encode())
            digest.update(content)
        self.version = digest.hexdigest()[:16]
        index = assets.get(INDEX, MISSING).replace(b'"/assets/', f'"/assets/{self.version}/'.encode())
        self._index = _asset(INDEX, index)
        self._assets = {path: _asset(path, content) for path, content in assets.items() if path != INDEX}

    @classmethod
    def load(cls) -> "DashboardFiles":
        """Those that come with this package."""
        root = files("evswarm_controller") / "dashboard" / "static"
        return cls(dict(_walk(root, "")) if root.is_dir() else {})

    def routes(self) -> list[Route]:
        """The routes that serve them."""
        return [
            Route("/", self._serve_index),
            Route("/ui", self._serve_index),
            Route("/ui/{rest:path}", self._serve_index),
            Route("/assets/{path:path}", self._serve_asset),
        ]

    async def _serve_index(self, request: Request) -> Response:
        return _answer(request, self._index, "no-cache")

    async def _serve_asset(self, request: Request) -> Response:
        version, _, path = str(request.path_params["path"]).partition("/")
        asset = self._assets.get(path) if version == self.version else None
        if asset is not None:
            return _answer(request, asset, FOR_EVER)
        # A page of an older version asks under its own hash; what it gets is the newest and is not kept.
        asset = self._assets.get(path) or self._assets.get(request.path_params["path"])
        if asset is None:
            return problem(HTTPStatus.NOT_FOUND, f"There is no file {request.url.path}.")
        return _answer(request, asset, "no-cache")


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        else:
            found.append((f"{prefix}{entry.name}", entry.read_bytes()))
    return found


def _asset(path: str, content: bytes) -> Asset:
    suffix = path[path.rfind(".") :] if "." in path else ""
    media_type = (
        MEDIA_TYPES.get(suffix) or mimetypes.guess_type(path, strict=False)[0] or "application/octet-stream"
    )
    zipped = gzip.compress(content, mtime=0) if len(content) >= WORTH_GZIP_BYTES else None
    if zipped is not None and len(zipped) > 0.9 * len(content):
        zipped = None
    return Asset(content, zipped, media_type)


def _answer(request: Request, asset: Asset, cache: str) -> Response:
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    if asset.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            asset.zipped, headers={**headers, "Content-Encoding": "gzip"}, media_type=asset.media_type
        )
    return Response(asset.content, headers=headers, media_type=asset.media_type)
