//! `/clients/{id}/keys`: the public keys of machine clients, as administrators manage them.

use super::dto::{
    AddErrors, ClientKey, ClientKeyAdded, ClientKeyCreation, ClientKeyList, CredentialRemoved, RemoveErrors,
};
use super::{remove, segment};
use crate::crypto::client_assertion::ClientKey as PublicPoint;
use crate::domain::clients::Clients;
use crate::http::contract::auth::{Caller, ClientsManageScope};
use crate::http::contract::error_responses::{AuthNotFoundErrors, ErrorResponse};
use crate::http::contract::field::Field;
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::client::{ClientId, CredentialId, CredentialKind};
use crate::types::client_info::ClientInfo;
use crate::types::field_error::{FieldError, Location};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;

/// The operations.
pub struct ClientKeysApi {
    clients: Clients,
}

impl ClientKeysApi {
    /// Operations on the keys of these clients.
    pub fn new(clients: Clients) -> Self {
        Self { clients }
    }
}

#[OpenApi(tag = "ApiTag::Clients")]
impl ClientKeysApi {
    /// Add a public key to a machine client
    ///
    /// The body is a JWK (RFC 7517) of a key pair for ES256, whose private key never leaves the client. At most two keys are valid at
    /// the same time (409 for a third), so that a rotation refuses no request.
    #[oai(path = "/clients/:id/keys", method = "post", operation_id = "addClientKey")]
    async fn add(
        &self,
        caller: Caller<ClientsManageScope>,
        client: ClientInfo,
        /// Client id.
        id: Path<Field<ClientId>>,
        body: StrictJson<ClientKeyCreation>,
    ) -> Result<ClientKeyAdded, ErrorResponse<AddErrors>> {
        let (admin, id) = (caller.admin()?, segment(id.0)?);
        let (mut errors, body) = (Vec::new(), body.0);
        body.kty.required("kty", &mut errors);
        body.crv.required("crv", &mut errors);
        body.alg.optional("alg", &mut errors);
        body.purpose.optional("use", &mut errors);
        body.kid.optional("kid", &mut errors);
        let x = body.x.required("x", &mut errors);
        let y = body.y.required("y", &mut errors);
        let lifetime = body.lifetime_days.optional("lifetime_days", &mut errors);
        let (Some(x), Some(y), true) = (x, y, errors.is_empty()) else {
            return Err(Problem::invalid(errors).into());
        };
        let Some(key) = PublicPoint::of_coordinates(&x.0, &y.0) else {
            let reason = "is, with y, no point of the curve P-256";
            return Err(Problem::invalid(vec![FieldError::new(Location::Body, "x", reason)]).into());
        };
        let added = self
            .clients
            .add_key(&admin, &client, id, &key, lifetime.unwrap_or_default());
        Ok(ClientKeyAdded::Added(Json(added.await?.into())))
    }

    /// List the public keys of a machine client
    ///
    /// When they were added and last used, and when they expire. An expired one is listed until another one is added.
    #[oai(path = "/clients/:id/keys", method = "get", operation_id = "listClientKeys")]
    async fn list(
        &self,
        caller: Caller<ClientsManageScope>,
        /// Client id.
        id: Path<Field<ClientId>>,
    ) -> Result<Json<ClientKeyList>, ErrorResponse<AuthNotFoundErrors>> {
        let (admin, id) = (caller.admin()?, segment(id.0)?);
        let rows = self
            .clients
            .list_credentials(&admin, id, CredentialKind::Key)
            .await?;
        let keys = rows.into_iter().map(ClientKey::from).collect();
        Ok(Json(ClientKeyList { keys }))
    }

    /// Remove a public key of a machine client
    ///
    /// It authenticates no more. Tokens that were issued for it stay valid until they expire; to end them as well, revoke the client.
    #[oai(
        path = "/clients/:id/keys/:key_id",
        method = "delete",
        operation_id = "removeClientKey"
    )]
    async fn remove(
        &self,
        caller: Caller<ClientsManageScope>,
        client: ClientInfo,
        /// Client id.
        id: Path<Field<ClientId>>,
        /// Id of the key.
        key_id: Path<Field<CredentialId>>,
    ) -> Result<CredentialRemoved, ErrorResponse<RemoveErrors>> {
        let credential = (key_id.0, CredentialKind::Key);
        remove(&self.clients, &caller, &client, id.0, credential).await
    }
}
