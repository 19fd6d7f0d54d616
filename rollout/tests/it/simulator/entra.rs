//! The discovery of the cloud, and Entra ID: endpoints and tokens for a service principal.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// The subscription.
pub const SUBSCRIPTION: &str = "22222222-2222-2222-2222-222222222222";
/// The tenant.
pub const TENANT: &str = "11111111-1111-1111-1111-111111111111";

/// The answer to a request outside of any resource group.
pub fn answer(base: &str, path: &str) -> Option<Value> {
    if path == "/metadata/endpoints" {
        return Some(endpoints(base));
    }
    if path.ends_with("/.well-known/openid-configuration") {
        return Some(json!({
            "authorization_endpoint": format!("{base}/{TENANT}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{base}/{TENANT}/oauth2/v2.0/token"),
            "issuer": format!("{base}/{TENANT}/v2.0"),
            "jwks_uri": format!("{base}/keys"),
        }));
    }
    if path.ends_with("/oauth2/v2.0/token") {
        return Some(json!({
            "token_type": "Bearer", "expires_in": 86_400, "ext_expires_in": 86_400, "access_token": token(),
        }));
    }
    match path {
        "/subscriptions" => Some(json!({"value": [{
            "id": format!("/subscriptions/{SUBSCRIPTION}"), "subscriptionId": SUBSCRIPTION, "tenantId": TENANT,
            "displayName": "test", "state": "Enabled", "homeTenantId": TENANT, "authorizationSource": "RoleBased",
            "subscriptionPolicies": {},
        }]})),
        "/tenants" => Some(json!({"value": [{"id": format!("/tenants/{TENANT}"), "tenantId": TENANT}]})),
        _ => (path == format!("/subscriptions/{SUBSCRIPTION}/providers/microsoft.app")).then(|| {
            json!({"id": path, "namespace": "Microsoft.App", "registrationState": "Registered", "resourceTypes": []})
        }),
    }
}

fn endpoints(base: &str) -> Value {
    let with_slash = format!("{base}/");
    json!({
        "name": "Simulator", "portal": base, "resourceManager": with_slash, "microsoftGraphResourceId": with_slash,
        "graph": with_slash, "activeDirectoryDataLake": with_slash, "batch": with_slash, "gallery": with_slash,
        "media": with_slash, "sqlManagement": with_slash,
        "authentication": {
            "loginEndpoint": base, "audiences": [with_slash], "tenant": "common", "identityProvider": "AAD",
        },
        "suffixes": {
            "keyVaultDns": "vault.test", "storage": "store.test", "acrLoginServer": "acr.test",
            "sqlServerHostname": "sql.test", "postgresqlServerEndpoint": "pg.test", "mysqlServerEndpoint": "my.test",
        },
    })
}

/// Of the form of a token; nothing verifies it.
fn token() -> String {
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let claims = json!({
        "tid": TENANT, "oid": "33333333-3333-3333-3333-333333333333", "appid": "deploy", "exp": 4_102_444_800_u64,
    });
    format!("{}.{}.x", part(json!({"alg": "none"})), part(claims))
}
