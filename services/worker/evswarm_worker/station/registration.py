"""From switched on to accepted and on: connecting, BootNotification, heartbeats, the clock (OCPP 1.6 §4.2, §4.6)."""

from math import inf
from typing import Final

from ocpp.v16.enums import Action, ConfigurationKey, RegistrationStatus

from evswarm_shared.ocpp16.messages import (
    BootNotification,
    BootNotificationResponse,
    Heartbeat,
    HeartbeatResponse,
)
from evswarm_shared.ocpp16.timestamps import format_timestamp
from evswarm_shared.telemetry.counts import ConnectResult, DisconnectReason
from evswarm_worker.station import security_events
from evswarm_worker.station.authorization import ask_again
from evswarm_worker.station.cabinet import DEFAULT_HEARTBEAT_SECONDS, Cabinet
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.effects import Disconnect, PingEvery
from evswarm_worker.station.link import CONNECTED, TRANSITIONS, LinkEvent, LinkState, reconnect_delay
from evswarm_worker.station.reporting import not_delivered, report_changes, report_everything
from evswarm_worker.station.sampling import align
from evswarm_worker.station.security import (
    SecurityEventType,
    attempt_failed,
    connect_effect,
    connection_works,
)
from evswarm_worker.station.visiting import in_service

DEFAULT_BOOT_RETRY_SECONDS: Final = 30.0
"""When the central system says to wait, but not for how long (OCPP 1.6 §4.2)."""

REBOOT_SECONDS: Final = 3.0
"""From the end of one life to the first attempt to connect in the next."""

REFUSED_RETRY_SECONDS: Final = 60.0
"""Who is refused for who he is does not become somebody else within seconds."""

HEARTBEAT_AT_LEAST_SECONDS: Final = 86400.0
"""However busy the line, the time is fetched once a day (OCPP-J 1.6 §5.3)."""

CLOCK_TOLERANCE_SECONDS: Final = 1.0
"""Closer than this the two clocks agree: a round trip is in the difference."""

LAST_TIME: Final = 250_246_627_200.0
"""1 January 9900, in unix seconds. A clock set later, or before 1970, is none: all that the station had lived through
and had planned could no longer be written with a year of four digits.
"""

_TOLD_LATER: Final = frozenset(
    (
        Action.diagnostics_status_notification,
        Action.firmware_status_notification,
        Action.log_status_notification,
        Action.sign_certificate,
        Action.signed_firmware_status_notification,
    )
)
"""What a connection takes with it is told on the next one, in the same order."""

_BOOT_EVENTS: Final = {
    RegistrationStatus.accepted: LinkEvent.BOOT_ACCEPTED,
    RegistrationStatus.pending: LinkEvent.BOOT_PENDING,
    RegistrationStatus.rejected: LinkEvent.BOOT_REJECTED,
}

_INSECURE: Final = {
    ConnectResult.UNTRUSTED: SecurityEventType.INVALID_CENTRAL_SYSTEM_CERTIFICATE,
    ConnectResult.TLS_VERSION: SecurityEventType.INVALID_TLS_VERSION,
    ConnectResult.TLS_CIPHER_SUITE: SecurityEventType.INVALID_TLS_CIPHER_SUITE,
}
"""What a central system that cannot be connected to securely is to the security log (A00.FR.309, 315, 318, 322)."""


def apply(cabinet: Cabinet, event: LinkEvent) -> bool:
    """Let an event happen to the link; False when it means nothing there and nothing changed."""
    state = TRANSITIONS.get((cabinet.link, event))
    if state is None:
        return False
    cabinet.link = state
    cabinet.touch()
    return True


def switch_on(cabinet: Cabinet) -> bool:
    """Begin to connect; False when the station is on already."""
    if not apply(cabinet, LinkEvent.START):
        return False
    cabinet.failures = 0
    cabinet.attempt_at = cabinet.now
    return True


def attempt(cabinet: Cabinet) -> None:
    """The wait before a connection is over."""
    cabinet.attempt_at = inf
    if apply(cabinet, LinkEvent.ATTEMPT):
        cabinet.effects.append(connect_effect(cabinet))


def connected(cabinet: Cabinet) -> None:
    """The WebSocket is open."""
    event = LinkEvent.CONNECTED_AGAIN if cabinet.booted else LinkEvent.CONNECTED_TO_BOOT
    if not apply(cabinet, event):
        return
    cabinet.connected_at = cabinet.now
    cabinet.calls.new_connection(cabinet.config.run_id, cabinet.config.station_id, cabinet.now)
    cabinet.log("Connected")
    if cabinet.configuration.is_changed(ConfigurationKey.web_socket_ping_interval):
        seconds = cabinet.configuration.integer(ConfigurationKey.web_socket_ping_interval)
        cabinet.effects.append(PingEvery(seconds))
    connection_works(cabinet)
    if cabinet.booted:
        _look_after_security(cabinet)
        report_changes(cabinet)
        first_heartbeat(cabinet)
        in_service(cabinet)
    else:
        send_boot(cabinet)


def connection_failed(cabinet: Cabinet, reason: ConnectResult) -> None:
    """The WebSocket could not be opened."""
    if cabinet.link is not LinkState.CONNECTING:
        return
    apply(cabinet, LinkEvent.LOST)
    if _something_else_to_try(cabinet, reason):
        cabinet.failures = 0
        _wait_before_reconnect(cabinet, slowly=False)
    else:
        _wait_before_reconnect(cabinet, slowly=reason is ConnectResult.AUTHENTICATION_REFUSED)
    wait = cabinet.attempt_at - cabinet.now
    cabinet.log(f"Connection failed: {_in_words(reason)}; next attempt in {wait:.0f} s")


def disconnected(cabinet: Cabinet, reason: DisconnectReason) -> None:
    """The WebSocket is gone, not by our doing."""
    if cabinet.link not in CONNECTED:
        return
    close(cabinet, LinkEvent.LOST)
    if cabinet.now - cabinet.connected_at >= cabinet.config.reconnect_ceiling_seconds:
        cabinet.failures = 0
    _wait_before_reconnect(cabinet, slowly=reason is DisconnectReason.AUTHENTICATION_REFUSED)
    wait = cabinet.attempt_at - cabinet.now
    cabinet.log(f"Connection lost: {_in_words(reason)}; next attempt in {wait:.0f} s")


def hang_up(cabinet: Cabinet, event: LinkEvent, code: int, reason: str) -> None:
    """Leave the connected or connecting state by our own will."""
    if cabinet.link in CONNECTED or cabinet.link is LinkState.CONNECTING:
        cabinet.effects.append(Disconnect(code, reason))
    cabinet.attempt_at = inf
    close(cabinet, event)


def close(cabinet: Cabinet, event: LinkEvent) -> None:
    """Everything that hangs on the connection ends with it; what must not be lost waits for the next one."""
    apply(cabinet, event)
    cabinet.boot_at = cabinet.heartbeat_at = inf
    cabinet.replies = None
    if cabinet.calls.in_flight is not None:
        cabinet.counts.calls_pending -= 1
    for call in cabinet.calls.abandon():
        if call.action is Action.status_notification:
            not_delivered(cabinet, call)
        elif call.action is Action.authorize:
            ask_again(cabinet, call)
        elif call.action in _TOLD_LATER:
            cabinet.call(call)
    for connector in cabinet.connectors:
        connector.report_at = inf


def send_boot(cabinet: Cabinet) -> None:
    """Put BootNotification in front of the line (OCPP 1.6 §4.2)."""
    cabinet.boot_at = inf
    profile = cabinet.config.profile
    request = BootNotification(
        charge_point_vendor=profile.vendor,
        charge_point_model=profile.model,
        charge_point_serial_number=cabinet.config.station_id[:25],
        firmware_version=cabinet.firmware_version,
    )
    cabinet.call(PendingCall(Action.boot_notification, request, allowed_while_pending=True), first=True)


def boot_answered(cabinet: Cabinet, response: BootNotificationResponse) -> None:
    """The central system takes the station in, or tells it to wait."""
    cabinet.counts.boots.add(response.status)
    again = cabinet.link is LinkState.ACCEPTED
    apply(cabinet, _BOOT_EVENTS[response.status])
    if response.status is not RegistrationStatus.accepted:
        interval = float(response.interval) if response.interval > 0 else DEFAULT_BOOT_RETRY_SECONDS
        cabinet.boot_at = cabinet.now + interval
        cabinet.booted = False
        if response.status is RegistrationStatus.rejected:
            # Whatever was in line must not be said any more; a later acceptance brings every status anew.
            cabinet.calls.line = None
        cabinet.log(f"Boot {response.status.lower()}; next attempt in {interval:.0f} s")
        return
    set_clock(cabinet, float(response.current_time))
    interval = float(response.interval) if response.interval > 0 else DEFAULT_HEARTBEAT_SECONDS
    cabinet.configuration.change(ConfigurationKey.heartbeat_interval, str(int(interval)))
    cabinet.boot_at = inf
    if not cabinet.booted:
        security_events.record(cabinet, SecurityEventType.STARTUP)
    _look_after_security(cabinet)
    cabinet.booted = cabinet.accepted_ever = True
    cabinet.lasting_changed = True
    cabinet.log(f"Boot accepted; heartbeat every {interval:.0f} s")
    if not again:
        first_heartbeat(cabinet)
    report_everything(cabinet)
    in_service(cabinet)


def boot_failed(cabinet: Cabinet) -> None:
    """No usable answer to BootNotification: ask again later."""
    if cabinet.link in CONNECTED and cabinet.link is not LinkState.ACCEPTED:
        cabinet.boot_at = cabinet.now + DEFAULT_BOOT_RETRY_SECONDS


def first_heartbeat(cabinet: Cabinet) -> None:
    """Begin the rhythm anywhere in the interval, so that stations that connect together do not beat together."""
    interval = cabinet.configuration.integer(ConfigurationKey.heartbeat_interval)
    cabinet.heartbeat_sent_at = -inf
    cabinet.heartbeat_at = cabinet.now + interval * cabinet.jitter.uniform()


def heartbeat_due(cabinet: Cabinet) -> None:
    """Send a Heartbeat, unless other traffic proved lately that the link lives (OCPP 1.6 §4.6)."""
    if not cabinet.online:
        cabinet.heartbeat_at = inf
        return
    now = cabinet.now
    interval = cabinet.configuration.integer(ConfigurationKey.heartbeat_interval)
    quiet_until = cabinet.calls.exchanged_at + interval
    if quiet_until > now and now - cabinet.heartbeat_sent_at < HEARTBEAT_AT_LEAST_SECONDS:
        cabinet.heartbeat_at = quiet_until
        return
    cabinet.heartbeat_at = now + interval
    send_heartbeat(cabinet)


def send_heartbeat(cabinet: Cabinet, *, asked_for: bool = False) -> None:
    """Put a Heartbeat in line."""
    cabinet.heartbeat_sent_at = cabinet.now
    cabinet.call(PendingCall(Action.heartbeat, Heartbeat(), allowed_while_pending=asked_for))


def heartbeat_answered(cabinet: Cabinet, response: HeartbeatResponse) -> None:
    """The central system told the time."""
    cabinet.log("Heartbeat answered")
    set_clock(cabinet, float(response.current_time))


def set_clock(cabinet: Cabinet, current_time: float) -> None:
    """Follow the central system's clock while simulated time runs like real time and its time can be one; else say
    once that we do not.
    """
    why = ""
    if cabinet.clock.factor != 1.0:
        why = f"the clock runs at x{cabinet.clock.factor:g}"
    elif not 0.0 <= current_time <= LAST_TIME:
        why = f"it is {format_timestamp(current_time)}"
    if why:
        if not cabinet.clock_ignored:
            cabinet.clock_ignored = True
            cabinet.log(f"Central system's time ignored: {why}")
        return
    cabinet.clock_ignored = False
    offset = current_time - cabinet.clock.simulated(cabinet.now)
    if abs(offset - cabinet.clock_offset) > CLOCK_TOLERANCE_SECONDS:
        cabinet.clock_offset = offset
        align(cabinet)
        cabinet.log(f"Clock set by {offset:+.1f} s to the central system's time")
        security_events.record(cabinet, SecurityEventType.SETTING_SYSTEM_TIME, f"by {offset:+.1f} s")


def _wait_before_reconnect(cabinet: Cabinet, *, slowly: bool) -> None:
    config = cabinet.config
    floor = config.reconnect_floor_seconds
    ceiling = max(config.reconnect_ceiling_seconds, floor)
    if slowly:
        floor, ceiling = max(floor, REFUSED_RETRY_SECONDS), max(ceiling, 4.0 * REFUSED_RETRY_SECONDS)
    delay = reconnect_delay(cabinet.failures, floor, ceiling, cabinet.jitter.uniform())
    cabinet.failures += 1
    cabinet.attempt_at = cabinet.now + delay


def _something_else_to_try(cabinet: Cabinet, reason: ConnectResult) -> bool:
    """Note why an attempt failed in the security log; True when settings that worked before are to be tried at once."""
    refused = reason is ConnectResult.AUTHENTICATION_REFUSED
    insecure = _INSECURE.get(reason)
    if cabinet.failures == 0 and insecure is not None:
        security_events.record(cabinet, insecure)
    elif cabinet.failures == 0 and refused and cabinet.config.security is not None:
        security_events.record(cabinet, SecurityEventType.FAILED_TO_AUTHENTICATE)
    return attempt_failed(cabinet, decided=refused or insecure is not None or reason is ConnectResult.TLS)


def _look_after_security(cabinet: Cabinet) -> None:
    """Connected and accepted: what waited for that can go on."""
    if cabinet.security is not None or cabinet.firmware is not None or cabinet.config.security is not None:
        cabinet.look_soon()


def _in_words(reason: ConnectResult | DisconnectReason) -> str:
    return reason.value.replace("_", " ")
