"""`python -m tools.panel_check`: a swarm, misbehaving peers, a Prometheus, every query; 1 when a panel has nothing to show."""

import argparse
import sys

from evswarm_cli.ports import free_port
from tools.panel_check.activity import be_busy
from tools.panel_check.checking import check
from tools.panel_check.prometheus_server import NoPrometheusError, Prometheus
from tools.panel_check.queries import all_queries, read_dashboards
from tools.panel_check.stage import RULES, busy_stack


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tools.panel_check", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=60, help="how long the swarm is used before the check"
    )
    arguments = parser.parse_args()
    try:
        with busy_stack() as stack, Prometheus(stack.url, free_port(), RULES) as prometheus:
            be_busy(stack, arguments.seconds)
            findings = check(prometheus, all_queries(read_dashboards().values()), arguments.seconds)
    except NoPrometheusError as error:
        print(error, file=sys.stderr)
        return 2
    board = ""
    for finding in findings:
        if finding.query.board != board:
            board = finding.query.board
            print(f"\n{board}")
        mark = "WRONG" if finding.wrong else "ok"
        told = finding.wrong or finding.last
        print(f"  {mark:5} {finding.query.place:42.42} {told}")
        if finding.wrong:
            print(f"        {finding.query.expr}")
    wrong = sum(bool(finding.wrong) for finding in findings)
    print(f"\n{len(findings)} queries, {wrong} with nothing to show")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
