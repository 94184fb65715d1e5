"""Options that several commands take."""

from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option("--url", help="Where the controller is; by default as EVSWARM_HOST and EVSWARM_PORT say."),
]
