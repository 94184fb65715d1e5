"""Which methods a path knows."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evswarm_controller.path_table import PathTable


def answer(_: Request) -> Response:
    return Response()


TABLE = PathTable(
    [
        Route("/stations/{station_id}", answer, methods=["DELETE"]),
        Route("/stations/{station_id}", answer, methods=["GET"]),
        Route("/stations/bulk", answer, methods=["POST"]),
    ]
)


def test_the_methods_of_all_routes_with_a_path_are_its_methods() -> None:
    assert TABLE.methods("/stations/CP-1") == ("DELETE", "GET", "HEAD")


def test_a_literal_path_is_not_taken_for_a_parameter() -> None:
    assert TABLE.methods("/stations/bulk") == ("POST",)


def test_a_path_that_is_nobodys_has_no_methods() -> None:
    assert TABLE.methods("/stations") == ()


def test_a_request_finds_a_route_by_method_and_path() -> None:
    assert TABLE.leads("POST", "/stations/bulk")
    assert not TABLE.leads("POST", "/stations/CP-1")
    assert not TABLE.leads("PATCH", "/nowhere")
