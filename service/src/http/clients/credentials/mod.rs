//! `/clients/{id}/secrets`: the secrets of machine clients, as administrators manage them.

/// Bodies of requests and responses.
mod dto;

/// Members of a JWK.
mod jwk_fields;

/// `/clients/{id}/keys`.
pub mod keys;

use super::errors::missing;
use crate::domain::clients::Clients;
use crate::http::contract::auth::{Caller, ClientsManageScope};
use crate::http::contract::error_responses::{AuthNotFoundErrors, ErrorResponse};
use crate::http::contract::field::Field;
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::OptionalJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::client::{ClientId, CredentialId, CredentialKind};
use crate::types::client_info::ClientInfo;
use dto::{
    AddErrors, ClientSecret, ClientSecretAdded, ClientSecretCreation, ClientSecretList, CredentialRemoved,
    RemoveErrors,
};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;

/// The operations.
pub struct ClientSecretsApi {
    clients: Clients,
}

impl ClientSecretsApi {
    /// Operations on the secrets of these clients.
    pub fn new(clients: Clients) -> Self {
        Self { clients }
    }
}

#[OpenApi(tag = "ApiTag::Clients")]
impl ClientSecretsApi {
    /// Add a secret to a machine client
    ///
    /// The response is the only one that contains the secret; the service stores a hash of it. At most two are valid at the same time
    /// (409 for a third). To rotate: add the second, switch the client over, and remove the first once its `last_used_at` stays in the
    /// past.
    #[oai(
        path = "/clients/:id/secrets",
        method = "post",
        operation_id = "addClientSecret"
    )]
    async fn add_secret(
        &self,
        caller: Caller<ClientsManageScope>,
        client: ClientInfo,
        /// Client id.
        id: Path<Field<ClientId>>,
        body: OptionalJson<ClientSecretCreation>,
    ) -> Result<ClientSecretAdded, ErrorResponse<AddErrors>> {
        let (admin, id) = (caller.admin()?, segment(id.0)?);
        let mut errors = Vec::new();
        let lifetime = body
            .0
            .and_then(|body| body.lifetime_days.optional("lifetime_days", &mut errors));
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let lifetime = lifetime.unwrap_or_default();
        let (row, secret) = self.clients.add_secret(&admin, &client, id, lifetime).await?;
        Ok(ClientSecretAdded::of(&row, &secret))
    }

    /// List the secrets of a machine client
    ///
    /// When they were added and last used, and when they expire; not the secrets themselves. An expired one is listed until another
    /// one is added.
    #[oai(
        path = "/clients/:id/secrets",
        method = "get",
        operation_id = "listClientSecrets"
    )]
    async fn list_secrets(
        &self,
        caller: Caller<ClientsManageScope>,
        /// Client id.
        id: Path<Field<ClientId>>,
    ) -> Result<Json<ClientSecretList>, ErrorResponse<AuthNotFoundErrors>> {
        let (admin, id) = (caller.admin()?, segment(id.0)?);
        let rows = self
            .clients
            .list_credentials(&admin, id, CredentialKind::Secret)
            .await?;
        let secrets = rows.into_iter().map(ClientSecret::from).collect();
        Ok(Json(ClientSecretList { secrets }))
    }

    /// Remove a secret of a machine client
    ///
    /// It authenticates no more. Tokens that were issued for it stay valid until they expire; to end them as well, revoke the client.
    #[oai(
        path = "/clients/:id/secrets/:secret_id",
        method = "delete",
        operation_id = "removeClientSecret"
    )]
    async fn remove_secret(
        &self,
        caller: Caller<ClientsManageScope>,
        client: ClientInfo,
        /// Client id.
        id: Path<Field<ClientId>>,
        /// Id of the secret.
        secret_id: Path<Field<CredentialId>>,
    ) -> Result<CredentialRemoved, ErrorResponse<RemoveErrors>> {
        let credential = (secret_id.0, CredentialKind::Secret);
        remove(&self.clients, &caller, &client, id.0, credential).await
    }
}

/// Removes a secret or a key.
async fn remove(
    clients: &Clients,
    caller: &Caller<ClientsManageScope>,
    client: &ClientInfo,
    id: Field<ClientId>,
    (credential, kind): (Field<CredentialId>, CredentialKind),
) -> Result<CredentialRemoved, ErrorResponse<RemoveErrors>> {
    let (admin, id) = (caller.admin()?, segment(id)?);
    let no_credential = || Problem::not_found("the client has no such secret or key");
    let credential = credential.segment().ok_or_else(no_credential)?;
    clients
        .remove_credential(&admin, client, id, kind, credential)
        .await?;
    Ok(CredentialRemoved::Removed)
}

fn segment(id: Field<ClientId>) -> Result<ClientId, Problem> {
    id.segment().ok_or_else(missing)
}
