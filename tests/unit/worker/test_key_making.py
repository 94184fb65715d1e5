"""Keys of stations and their signing requests."""

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from evswarm_shared.certificates import common_name, organization_name, read_request
from evswarm_worker.key_making import key_and_request


def test_a_request_is_signed_with_a_new_key_each_time() -> None:
    key, text = key_and_request("CP-1", "Test CPO")
    request = read_request(text)
    assert (common_name(request.subject), organization_name(request.subject)) == ("CP-1", "Test CPO")
    assert load_pem_private_key(key.encode(), None).public_key() == request.public_key()
    assert key_and_request("CP-1", "Test CPO")[0] != key
