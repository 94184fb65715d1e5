"""From records to rows."""

from evswarm_historian.rows import rows_of
from evswarm_shared.bus.messages import HistoryEntry, HistoryStream
from evswarm_shared.history.readable import first_id
from evswarm_shared.history.records import BATCH_RECORDS
from tests.support.history import AT, Tape, central, ledger, log, message

FACTS = HistoryStream.FACTS


def test_ids_grow_with_time_and_no_two_records_share_one() -> None:
    assert first_id(5, 1) - first_id(5, 0) > BATCH_RECORDS
    assert first_id(6) > first_id(5, 8000) + BATCH_RECORDS
    tape = Tape()
    rows = rows_of([tape.entry(log(), log()), tape.entry(log())], "")
    ids = [row["id"] for row in rows.logs]
    assert ids == sorted(set(ids))
    assert max(ids) < 2**63


def test_the_same_entry_gives_the_same_rows() -> None:
    entry = Tape().entry(log(), message())
    assert rows_of([entry], "") == rows_of([entry], "")


def test_an_entry_that_cannot_be_read_is_counted_and_the_others_are_kept() -> None:
    tape = Tape()
    broken = HistoryEntry(HistoryStream.TRAFFIC, 1, 0, 0, 7, b'["run","w",[["?",1]]]')
    rows = rows_of([broken, tape.entry(log())], "")
    assert (rows.unreadable, len(rows.logs)) == (7, 1)


def test_a_record_without_a_run_gets_the_current_one() -> None:
    assert rows_of([Tape(run_id="").entry(log())], "run-5").logs[0]["run_id"] == "run-5"
    assert rows_of([Tape(run_id="run-1").entry(log())], "run-5").logs[0]["run_id"] == "run-1"


def test_passwords_of_stations_are_never_kept() -> None:
    for request in (
        b'{"key":"AuthorizationKey","value":"5ec\\"ret-0123456789"}',
        b'{"key": "AuthorizationKey", "readonly": false, "value": "5ec\\"ret-0123456789"}',
        b'{"value":"5ec\\"ret-0123456789","key":"AuthorizationKey"}',
    ):
        row = rows_of([Tape().entry(message("ChangeConfiguration", request=request))], "").messages[0]
        assert "ret-0123456789" not in row["request"]
        assert "AuthorizationKey" in row["request"]


def test_both_sides_are_known_by_what_the_start_said() -> None:
    rows = rows_of([Tape(FACTS).entry(ledger(), central(), ledger(stopped=True), central(stopped=True))], "")
    ((key, row),) = rows.transactions.items()
    assert key == ("CP-000001", 1, round((AT - 600) * 1000), 1000)
    assert (row["station_seen"], row["csms_seen"], row["station_meter_stop"]) == (1, 1, 3500)


def test_a_transaction_stays_with_the_run_that_first_told_of_it() -> None:
    tape = Tape(FACTS, run_id="run-1")
    started = tape.entry(ledger())
    tape.run_id = "run-2"
    ((_, row),) = rows_of([started, tape.entry(central(stopped=True))], "").transactions.items()
    assert (row["run_id"], row["csms_seen"]) == ("run-1", 1)
    tape.run_id = ""
    ((_, row),) = rows_of([tape.entry(central()), started], "").transactions.items()
    assert row["run_id"] == "run-1"
