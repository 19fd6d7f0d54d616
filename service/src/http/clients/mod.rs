//! `/clients` and `/clients/{id}`: machine clients, as administrators manage them.

/// `/clients/{id}/secrets` and `/clients/{id}/keys`.
pub mod credentials;

/// Bodies of requests and responses.
mod dto;

/// Problems.
mod errors;

/// Fields of clients.
mod fields;

/// `/oauth/token`.
pub mod token;

use crate::domain::clients::Clients;
use crate::domain::clients::changes::ClientDescription;
use crate::http::contract::auth::{Caller, ClientsManageScope};
use crate::http::contract::error_responses::{AuthBodyErrors, AuthErrors, AuthNotFoundErrors, ErrorResponse};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::if_match::IfMatch;
use crate::http::contract::pagination::{Limit, next_link};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::contract::update_json::UpdateJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::client::ClientId;
use crate::types::client_info::ClientInfo;
use dto::{
    ClientCreated, ClientResponse, ClientRevoked, ClientsResponse, MachineClient, MachineClientCreation,
    MachineClientList, MachineClientUpdate, RevokeErrors, UpdateErrors,
};
use errors::missing;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;

/// The operations.
pub struct ClientsApi {
    clients: Clients,
}

impl ClientsApi {
    /// Operations on these clients.
    pub fn new(clients: Clients) -> Self {
        Self { clients }
    }
}

#[OpenApi(tag = "ApiTag::Clients")]
impl ClientsApi {
    /// Create a machine client
    ///
    /// A program that gets tokens of its own at `/oauth/token`. Add a secret or a key: it has none yet. This and every other change of a
    /// client requires that the caller's credentials were verified recently.
    #[oai(path = "/clients", method = "post", operation_id = "createClient")]
    async fn create(
        &self,
        caller: Caller<ClientsManageScope>,
        client: ClientInfo,
        body: StrictJson<MachineClientCreation>,
    ) -> Result<ClientCreated, ErrorResponse<AuthBodyErrors>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let name = body.0.name.required("name", &mut errors);
        let scopes = body.0.scopes.required("scopes", &mut errors);
        let (Some(name), Some(scopes)) = (name, scopes) else {
            return Err(Problem::invalid(errors).into());
        };
        let new = ClientDescription { name, scopes };
        Ok(self.clients.create(&admin, &client, new).await?.into())
    }

    /// List machine clients
    ///
    /// Lists all clients by id, page by page. Revoked ones are included, because audit events name a client by its id alone.
    #[oai(path = "/clients", method = "get", operation_id = "listClients")]
    async fn list(
        &self,
        caller: Caller<ClientsManageScope>,
        /// Id of the last client on the previous page.
        after: Query<Field<ClientId, Optional>>,
        /// Maximum number of clients on a page.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<ClientsResponse, ErrorResponse<AuthErrors>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let after = after.0.optional("after", &mut errors);
        let limit = limit.0.optional("limit", &mut errors).unwrap_or_default().0;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let page = self.clients.list(&admin, after, limit).await?;
        let link = page
            .next
            .map(|key| next_link("/clients", &[("after", key), ("limit", limit.to_string())]));
        let clients = page.items.into_iter().map(MachineClient::from).collect();
        Ok(ClientsResponse::Page(Json(MachineClientList { clients }), link))
    }

    /// Get a machine client
    #[oai(path = "/clients/:id", method = "get", operation_id = "getClient")]
    async fn get(
        &self,
        caller: Caller<ClientsManageScope>,
        /// Client id.
        id: Path<Field<ClientId>>,
    ) -> Result<ClientResponse, ErrorResponse<AuthNotFoundErrors>> {
        let (admin, id) = (caller.admin()?, id.0.segment().ok_or_else(missing)?);
        Ok(self.clients.get(&admin, id).await?.into())
    }

    /// Update a machine client
    ///
    /// Replaces name and scopes. Tokens lose at once the scopes that the client loses; they gain none.
    #[oai(path = "/clients/:id", method = "put", operation_id = "updateClient")]
    async fn update(
        &self,
        caller: Caller<ClientsManageScope>,
        client: ClientInfo,
        /// Client id.
        id: Path<Field<ClientId>>,
        /// `ETag` of the version to update, or `*` for any.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: UpdateJson<MachineClientUpdate, MachineClient>,
    ) -> Result<ClientResponse, ErrorResponse<UpdateErrors>> {
        let (admin, id) = (caller.admin()?, id.0.segment().ok_or_else(missing)?);
        let mut errors = Vec::new();
        let name = body.update.name.required("name", &mut errors);
        let scopes = body.update.scopes.required("scopes", &mut errors);
        let expected = if_match.required(errors)?;
        let (Some(name), Some(scopes)) = (name, scopes) else {
            return Err(Problem::internal().into());
        };
        let sent_back = body.sent_back.without("updated_at");
        if !sent_back.is_empty() {
            let current = self.clients.get(&admin, id).await?;
            // Another version may differ for its own reasons, which the update reports.
            if expected.matches(current.version) {
                let mut errors = Vec::new();
                sent_back.report_changes(&MachineClient::from(current), &mut errors);
                if !errors.is_empty() {
                    return Err(Problem::invalid(errors).into());
                }
            }
        }
        let new = ClientDescription { name, scopes };
        let updated = self.clients.update(&admin, &client, id, expected, new).await;
        Ok(updated?.into())
    }

    /// Revoke a machine client
    ///
    /// For good: its tokens are refused from the next request on, everywhere, and its secrets and keys are deleted. With `If-Match`,
    /// revokes only that version.
    #[oai(path = "/clients/:id", method = "delete", operation_id = "revokeClient")]
    async fn revoke(
        &self,
        caller: Caller<ClientsManageScope>,
        client: ClientInfo,
        /// Client id.
        id: Path<Field<ClientId>>,
        /// `ETag` of the version to revoke.
        #[oai(name = "If-Match")]
        if_match: IfMatch<Optional>,
    ) -> Result<ClientRevoked, ErrorResponse<RevokeErrors>> {
        let (admin, id) = (caller.admin()?, id.0.segment().ok_or_else(missing)?);
        let mut errors = Vec::new();
        let expected = if_match.optional(&mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        self.clients.revoke(&admin, &client, id, expected).await?;
        Ok(ClientRevoked::Revoked)
    }
}
