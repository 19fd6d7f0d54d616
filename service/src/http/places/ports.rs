//! `GET /ports` and `GET /ports/{code}`.

use crate::domain::places::{self, Places};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{Lookup, Nothing, Refusal};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::pagination::{Limit, SearchText, next_link};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use crate::types::place::PortCode;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

/// The operations and what they need.
pub struct PortsApi {
    places: Places,
}

impl PortsApi {
    /// Over the domain's places.
    pub fn new(places: Places) -> Self {
        Self { places }
    }
}

/// A port.
#[derive(Object)]
pub struct Port {
    /// UN/LOCODE.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The slug of the region that it lies in.
    pub parent_slug: String,
}

/// Some ports, by code.
#[derive(Object)]
pub struct Ports {
    /// The ports of this page.
    pub ports: Vec<Port>,
}

/// A page of ports.
#[derive(ApiResponse)]
pub enum PortsAnswer {
    /// The ports. `Link` with `rel="next"` leads to the next page, where there is one.
    #[oai(status = 200)]
    Page(Json<Ports>, #[oai(header = "Link")] Option<String>),
}

/// A port.
#[derive(ApiResponse)]
pub enum PortAnswer {
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
    /// Ports by code
    ///
    /// A page of ports, all of them or those that hold a text. `Link` leads from page to page.
    #[oai(path = "/ports", method = "get", operation_id = "listPorts")]
    async fn list(
        &self,
        _caller: Anyone,
        /// Only ports whose code or name holds this text, in any case.
        q: Query<Field<SearchText, Optional>>,
        /// Only ports behind this code: the last of the page before.
        after: Query<Field<PortCode, Optional>>,
        /// How many ports a page has at the most.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<PortsAnswer, Refusal<Nothing>> {
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
        Ok(PortsAnswer::Page(Json(Ports { ports }), link))
    }

    /// One port
    ///
    /// Its name and the region that it lies in.
    #[oai(path = "/ports/:code", method = "get", operation_id = "getPort")]
    async fn get(
        &self,
        _caller: Anyone,
        /// UN/LOCODE.
        code: Path<Field<PortCode>>,
    ) -> Result<PortAnswer, Refusal<Lookup>> {
        let missing = || Problem::not_found("there is no such port");
        let code = code.0.segment().ok_or_else(missing)?;
        let found = self.places.find_port(code).await.map_err(Problem::from)?;
        Ok(PortAnswer::Found(Json(found.ok_or_else(missing)?.into())))
    }
}
