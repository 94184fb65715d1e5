"""A real Prometheus, taken from PATH or out of the image that the compose file names, as a process of our own."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
START_SECONDS: Final = 30.0


class NoPrometheusError(Exception):
    """Neither is Prometheus installed, nor is there a container engine to take it from."""


def image() -> str:
    """The image of Prometheus that the compose file names."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    name: str = compose["services"]["prometheus"]["image"]
    return name


def binary(name: str) -> str:
    """The path of `prometheus` or `promtool`; copied out of the image once, when it is not installed.

    Raises:
        NoPrometheusError: there is no way to get one.
    """
    installed = shutil.which(name)
    if installed is not None:
        return installed
    folder = (
        Path(tempfile.gettempdir()) / f"evswarm-{image().replace('/', '-').replace(':', '-')}-{os.getuid()}"
    )
    path = folder / name
    if not path.exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        _copy_out(name, path)
    return str(path)


def _copy_out(name: str, path: Path) -> None:
    """Copy beside the path and then rename, so that two at once do not see half a file."""
    if shutil.which("docker") is None:
        raise NoPrometheusError(f"install {name}, or a container engine that can give {image()}")
    try:
        container = _docker("create", image()).strip()
        try:
            part = path.with_name(f"{path.name}.{os.getpid()}")
            _docker("cp", f"{container}:/bin/{name}", str(part))
            part.replace(path)
        finally:
            _docker("rm", container)
    except subprocess.CalledProcessError as error:
        raise NoPrometheusError(f"{name} cannot be had from {image()}: {error.stderr.strip()}") from None


def _docker(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed arguments
        ["docker", *arguments],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout


class Prometheus:
    """A running server that scrapes one controller's list of targets."""

    def __init__(
        self, controller_url: str, port: int, rules: list[Path], *, scrape_interval: str = "1s"
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="evswarm-prometheus-")
        self.url = f"http://127.0.0.1:{port}"
        configuration = {
            "global": {
                "scrape_interval": scrape_interval,
                "scrape_timeout": scrape_interval,
                "evaluation_interval": scrape_interval,
            },
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [
                {
                    "job_name": "evswarm",
                    "http_sd_configs": [
                        {"url": f"{controller_url}/prometheus/targets", "refresh_interval": "1s"}
                    ],
                }
            ],
        }
        folder = Path(self._folder.name)
        (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(  # noqa: S603 - our own binary, our own arguments
            [
                binary("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._client = httpx.Client(base_url=self.url, timeout=10, trust_env=False)
        self._await_ready()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._folder.cleanup()

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The result vector of an instant query.

        Raises:
            ValueError: Prometheus refuses the expression.
        """
        return self._ask("/api/v1/query", query=expr)

    def query_range(self, expr: str, seconds: float, step: str = "1s") -> list[dict[str, Any]]:
        """The result matrix over the last `seconds`.

        Raises:
            ValueError: Prometheus refuses the expression.
        """
        now = time.time()
        return self._ask("/api/v1/query_range", query=expr, start=now - seconds, end=now, step=step)

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        alerts = self._client.get("/api/v1/alerts").json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def _ask(self, path: str, **parameters: str | float) -> list[dict[str, Any]]:
        answer = self._client.get(path, params=parameters).json()
        if answer["status"] != "success":
            raise ValueError(answer["error"])
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if self._client.get("/-/ready").status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        self._log.flush()
        words = (Path(self._folder.name) / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
        self.__exit__(None, None, None)
        raise NoPrometheusError(f"Prometheus does not get ready:\n{words}")
