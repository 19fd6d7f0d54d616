"""Creates a machine client with the generated client, and gets its tokens with Authlib, an OAuth library that does not know the service."""

from collections.abc import Callable
from uuid import UUID

from api import AuthenticatedClient
from api.api.clients import add_client_key, add_client_secret, create_client, revoke_client
from api.api.tokens import introspect_token
from api.models.added_client_secret import AddedClientSecret
from api.models.client_key import ClientKey
from api.models.client_key_creation import ClientKeyCreation
from api.models.introspection import Introspection
from api.models.introspection_request import IntrospectionRequest
from api.models.machine_client import MachineClient
from api.models.machine_client_creation import MachineClientCreation
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from joserfc.jwk import ECKey
from upload import upload

GRANT = "client_credentials"
ALL_SCOPES = "rates:write tokens:introspect"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def refused(request: Callable[[], object], error: str) -> None:
    try:
        request()
    except OAuthError as refusal:
        assert refusal.error == error, refusal
    else:
        raise AssertionError(f"expected {error}")


def machine_client(admin: AuthenticatedClient, url: str, ok: Callable[[str], None]) -> None:
    endpoint = f"{url}/oauth/token"
    description = MachineClientCreation.from_dict({"name": "A generated client", "scopes": ALL_SCOPES.split()})
    client = create_client.sync(client=admin, body=description)
    assert isinstance(client, MachineClient), client
    client_id = UUID(client.id)
    added = add_client_secret.sync(client_id, client=admin)
    assert isinstance(added, AddedClientSecret), added

    session = OAuth2Client(client.id, added.secret, token_endpoint=endpoint)
    token = session.fetch_token(endpoint, grant_type=GRANT)
    assert token["token_type"] == "Bearer" and token["scope"] == ALL_SCOPES and token["expires_in"] > 0, token
    introspector = AuthenticatedClient(base_url=url, token=token["access_token"])
    question = IntrospectionRequest(token=token["access_token"])
    introspected = introspect_token.sync(client=introspector, body=question)
    assert isinstance(introspected, Introspection) and introspected.client_id == client.id, introspected
    ok("a token for a secret")

    narrow = OAuth2Client(client.id, added.secret, scope="rates:write")
    narrowed = narrow.fetch_token(endpoint, grant_type=GRANT)
    assert narrowed["scope"] == "rates:write", narrowed
    ok("a token with fewer scopes")

    upload(narrowed["access_token"], url, ok)

    key = ECKey.generate_key("P-256")
    registered = add_client_key.sync(client_id, client=admin, body=ClientKeyCreation.from_dict(key.as_dict(private=False)))
    assert isinstance(registered, ClientKey), registered
    signing = OAuth2Client(client.id, key, token_endpoint_auth_method=PrivateKeyJWT(endpoint, alg="ES256"))
    assert signing.fetch_token(endpoint, grant_type=GRANT)["scope"] == ALL_SCOPES
    ok("a token for an assertion")

    assertion = private_key_jwt_sign(key, client_id=client.id, token_endpoint=endpoint, alg="ES256")
    replaying = OAuth2Client(client.id, token_endpoint_auth_method="none")
    form = {"grant_type": GRANT, "client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
    replaying.fetch_token(endpoint, **form)
    refused(lambda: replaying.fetch_token(endpoint, **form), "invalid_client")
    ok("a replayed assertion is refused")

    wrong = OAuth2Client(client.id, added.secret[::-1])
    refused(lambda: wrong.fetch_token(endpoint, grant_type=GRANT), "invalid_client")
    ok("a wrong secret is refused")

    revoked = revoke_client.sync_detailed(client_id, client=admin)
    assert revoked.status_code == 204, revoked
    refused(lambda: session.fetch_token(endpoint, grant_type=GRANT), "invalid_client")
    refused_use = introspect_token.sync_detailed(client=introspector, body=question)
    assert refused_use.status_code == 401, refused_use
    ok("a revoked client is refused")
