"""The checks themselves: they have to see what is wrong."""

from tests.unit.monitoring.files import faults_of, names_in


def test_names_are_found_and_nothing_else() -> None:
    expr = 'sum by (job) (rate(evswarm_ocpp_messages_total{direction="sent"}[1m])) / job:evswarm_x:sum + up'
    assert names_in(expr) == {"evswarm_ocpp_messages_total", "job:evswarm_x:sum", "up"}
    assert names_in('ALERTS{alertstate="firing"} and time() - process_start_time_seconds') == {
        "ALERTS",
        "process_start_time_seconds",
    }


def test_a_misspelt_metric_label_or_value_is_a_fault() -> None:
    assert faults_of("rate(evswarm_ocpp_messages[1m])", set()) == ["no metric evswarm_ocpp_messages"]
    assert faults_of('evswarm_stations{status="Available"}', set()) == [
        "evswarm_stations has no label status"
    ]
    assert faults_of('evswarm_stations{state="available"}', set()) == [
        'evswarm_stations never has state="available"'
    ]
    assert faults_of('evswarm_stations{state="Available",worker="w"}', set()) == []
    assert faults_of("swarm:evswarm_stations:sum", set()) == ["no metric swarm:evswarm_stations:sum"]
    assert faults_of("swarm:evswarm_stations:sum", {"swarm:evswarm_stations:sum"}) == []
