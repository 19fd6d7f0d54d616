//! `GET /ports` and `GET /ports/{code}`.

use crate::domain::places::{self, Places};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{ErrorResponse, NoExtraErrors, NotFoundErrors};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::pagination::{Limit, SearchText, next_link};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use crate::types::place::PortCode;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

/// The operations.
pub struct PortsApi {
    places: Places,
}

impl PortsApi {
    /// Operations on these places.
    pub fn new(places: Places) -> Self {
        Self { places }
    }
}

/// A port.
#[derive(Object)]
pub struct Port {
    /// UN/LOCODE.
    pub code: String,
    /// Name.
    pub name: String,
    /// Slug of the region that contains the port.
    pub parent_slug: String,
}

/// A page of ports, by code.
#[derive(Object)]
pub struct PortList {
    /// Ports on this page.
    pub ports: Vec<Port>,
}

/// A page of ports.
#[derive(ApiResponse)]
pub enum PortsResponse {
    /// A page of ports. `Link` with `rel="next"` points to the next page, if any.
    #[oai(status = 200)]
    Page(Json<PortList>, #[oai(header = "Link")] Option<String>),
}

/// A port.
#[derive(ApiResponse)]
pub enum PortResponse {
    /// The port.
    #[oai(status = 200)]
    Found(Json<Port>),
}

impl From<places::PortRow> for Port {
    fn from(row: places::PortRow) -> Self {
        Self {
            code: row.code,
            name: row.name,
            parent_slug: row.parent_slug,
        }
    }
}

#[OpenApi(tag = "ApiTag::Ports")]
impl PortsApi {
    /// List ports
    ///
    /// Lists all ports, or those that match a search text, by code and page by page.
    #[oai(path = "/ports", method = "get", operation_id = "listPorts")]
    async fn list(
        &self,
        _caller: Anyone,
        /// Only ports whose code or name contains this text, ignoring case, the form of characters and surrounding white space.
        q: Query<Field<SearchText, Optional>>,
        /// Code of the last port on the previous page.
        after: Query<Field<PortCode, Optional>>,
        /// Maximum number of ports on a page.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<PortsResponse, ErrorResponse<NoExtraErrors>> {
        let mut errors = Vec::new();
        let text = q.0.optional("q", &mut errors).map(|text| text.0);
        let after = after.0.optional("after", &mut errors);
        let limit = limit.0.optional("limit", &mut errors).unwrap_or_default().0;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let page = self
            .places
            .list_ports(text.clone(), after, limit)
            .await
            .map_err(Problem::from)?;
        let link = page.next.map(|key| {
            let mut parameters = vec![("after", key), ("limit", limit.to_string())];
            parameters.extend(text.map(|text| ("q", text)));
            next_link("/ports", &parameters)
        });
        let ports = page.items.into_iter().map(Port::from).collect();
        Ok(PortsResponse::Page(Json(PortList { ports }), link))
    }

    /// Get a port
    ///
    /// Returns its name and the region that contains it.
    #[oai(path = "/ports/:code", method = "get", operation_id = "getPort")]
    async fn get(
        &self,
        _caller: Anyone,
        /// UN/LOCODE.
        code: Path<Field<PortCode>>,
    ) -> Result<PortResponse, ErrorResponse<NotFoundErrors>> {
        let missing = || Problem::not_found("the port does not exist");
        let code = code.0.segment().ok_or_else(missing)?;
        let found = self.places.find_port(code).await.map_err(Problem::from)?;
        Ok(PortResponse::Found(Json(found.ok_or_else(missing)?.into())))
    }
}
