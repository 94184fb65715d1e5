"""What a station that is created by name cannot run with: found out before anything is wished for."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ocpp.v16.enums import ConfigurationKey

from evswarm_controller.api.schemas import NewStationRequest
from evswarm_controller.errors import InvalidFieldError
from evswarm_shared.bus.messages import ProfileName
from evswarm_shared.bus.vendor_keys import VENDOR_KEYS
from evswarm_shared.ocpp16.configuration_values import RULES, rule_like


def check(body: NewStationRequest) -> None:
    """Go on only with a station that a worker can build; the schema of the request is satisfied already.

    Raises:
        InvalidFieldError: a configuration key is unknown or its value does not fit it or the rest, an address names no
            host or port, or there is no certificate where one is announced.
    """
    _check_configuration(body.profile, body.configuration)
    number = ConfigurationKey.number_of_connectors.value
    if body.configuration.get(number, str(body.connectors)) != str(body.connectors):
        raise InvalidFieldError(f"configuration.{number}", f"{number} follows from `connectors`: set that.")
    _check_address("csms_url", body.csms_url)
    _check_address("csms_tls_url", body.csms_tls_url)
    if body.root_certificates or body.client_certificate:
        _check_certificates(body.root_certificates, body.client_certificate)


def _check_configuration(profile: ProfileName, configuration: Mapping[str, str]) -> None:
    own = {key.name: rule_like(key.default) for key in VENDOR_KEYS.get(profile, ())}
    for key, value in sorted(configuration.items()):
        rule = RULES.get(key) or own.get(key)
        if rule is None:
            raise InvalidFieldError(f"configuration.{key}", f"There is no configuration key {key}.")
        if not rule.accepts(value):
            given = "" if key == ConfigurationKey.authorization_key else f", not {value!r}"
            raise InvalidFieldError(f"configuration.{key}", f"{key} takes {rule.wants}{given}.")


def _check_address(field: str, url: str | None) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise InvalidFieldError(field, f"This is no URL that can be used: {error}.") from None
    if not usable:
        raise InvalidFieldError(field, "This URL names no host, or no port that one can connect to.")


def _check_certificates(roots: str | None, client_certificate: str | None) -> None:
    from evswarm_shared import certificates  # `cryptography` takes some memory

    if roots and not certificates.holds_certificates(_pem(roots)):
        raise InvalidFieldError("root_certificates", "There is no certificate in PEM in it.")
    if client_certificate:
        try:
            certificates.read_certified(_pem(client_certificate))
        except certificates.CertificateFileError as error:
            raise InvalidFieldError("client_certificate", f"It cannot be used: {error}.") from None


def _pem(text: str) -> bytes:
    return text.encode(errors="replace")  # half a character is none of PEM's
