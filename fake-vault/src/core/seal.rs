//! Initialisation and the seal: key shares, of which a threshold opens the server. The shares are random and not parts of one
//! secret, because there is nothing to encrypt.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{clock, random};

const VERSION: &str = "2.6.2";
const COMMIT_DATE: &str = "2026-08-05T00:00:00Z";

/// Whether the server has keys and whether it is open.
#[derive(Serialize, Deserialize)]
pub(crate) struct Seal {
    shares: Vec<Vec<u8>>,
    threshold: usize,
    /// Shares given since the seal was last closed or reset.
    given: Vec<Vec<u8>>,
    nonce: String,
    pub(crate) is_sealed: bool,
    cluster_name: String,
    cluster_id: String,
    active_since: DateTime<Utc>,
}

/// The result of giving a share.
pub(crate) enum UnsealOutcome {
    Progress,
    Open,
    /// The threshold is reached with a wrong share.
    Wrong,
}

impl Seal {
    pub(crate) fn new(now: DateTime<Utc>) -> Seal {
        Seal {
            shares: Vec::new(),
            threshold: 0,
            given: Vec::new(),
            nonce: String::new(),
            is_sealed: true,
            cluster_name: format!("vault-cluster-{}", random::hex(8)),
            cluster_id: random::uuid(),
            active_since: now,
        }
    }

    pub(crate) fn is_initialized(&self) -> bool {
        !self.shares.is_empty()
    }

    /// Creates the shares.
    pub(crate) fn initialize(&mut self, shares: usize, threshold: usize) -> &[Vec<u8>] {
        self.shares = (0..shares).map(|_| random::bytes::<33>().to_vec()).collect();
        self.threshold = threshold;
        &self.shares
    }

    pub(crate) fn close(&mut self) {
        self.is_sealed = true;
        self.reset();
    }

    /// Forgets the shares given so far.
    pub(crate) fn reset(&mut self) {
        self.given.clear();
        self.nonce.clear();
    }

    pub(crate) fn unseal(&mut self, share: Vec<u8>, now: DateTime<Utc>) -> UnsealOutcome {
        if self.nonce.is_empty() {
            self.nonce = random::uuid();
        }
        if !self.given.contains(&share) {
            self.given.push(share);
        }
        if self.given.len() < self.threshold {
            return UnsealOutcome::Progress;
        }
        let is_right = self.given.iter().all(|given| self.shares.contains(given));
        self.reset();
        if !is_right {
            return UnsealOutcome::Wrong;
        }
        self.is_sealed = false;
        self.active_since = now;
        UnsealOutcome::Open
    }

    /// The answer of `sys/seal-status` and `sys/unseal`.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({
            "type": "shamir",
            "initialized": self.is_initialized(),
            "sealed": self.is_sealed,
            "t": self.threshold,
            "n": self.shares.len(),
            "progress": self.given.len(),
            "nonce": self.nonce,
            "recovery_seal": false,
            "version": VERSION,
            "commit_date": COMMIT_DATE,
            "migration": false,
            "storage_type": "raft",
        });
        if !self.is_sealed {
            status["cluster_name"] = json!(self.cluster_name);
            status["cluster_id"] = json!(self.cluster_id);
        }
        status
    }

    /// Status and body of `sys/health`; the query may set the status.
    pub(crate) fn health(
        &self,
        query: &HashMap<String, String>,
        is_standby: bool,
        now: DateTime<Utc>,
    ) -> (u16, Value) {
        let is_open = !self.is_sealed;
        let mode = |open: &'static str| if is_open { open } else { "unknown" };
        let mut body = json!({
            "initialized": self.is_initialized(),
            "sealed": self.is_sealed,
            "standby": is_standby || self.is_sealed,
            "replication_performance_mode": mode("primary"),
            "replication_dr_mode": mode("disabled"),
            "server_time_utc": now.timestamp(),
            "version": VERSION,
        });
        if is_open {
            body["cluster_name"] = json!(self.cluster_name);
            body["cluster_id"] = json!(self.cluster_id);
        }
        let standby_ok = query.get("standbyok").is_some_and(|flag| flag != "false");
        let (name, default) = if !self.is_initialized() {
            ("uninitcode", 501)
        } else if self.is_sealed {
            ("sealedcode", 503)
        } else if is_standby && !standby_ok {
            ("standbycode", 429)
        } else {
            ("activecode", 200)
        };
        let status = query.get(name).and_then(|code| code.parse().ok());
        (status.unwrap_or(default), body)
    }

    /// The answer of `sys/leader`.
    pub(crate) fn leader(&self, address: &str, cluster_address: &str, is_standby: bool) -> Value {
        let mut body = json!({
            "ha_enabled": true,
            "leader_address": format!("http://{address}"),
            "leader_cluster_address": format!("https://{cluster_address}"),
            "raft_committed_index": 100,
            "raft_applied_index": 100,
        });
        if !is_standby {
            body["is_self"] = json!(true);
            body["active_time"] = json!(clock::nanoseconds(self.active_since));
        }
        body
    }
}

/// A share as text: hexadecimal or standard base64.
pub(crate) fn decoded_share(text: &str) -> Option<Vec<u8>> {
    let hex = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let from_hex = || -> Option<Vec<u8>> { (0..text.len()).step_by(2).map(hex).collect() };
    let decoded = if text.len() == 66 { from_hex() } else { None };
    decoded
        .or_else(|| STANDARD.decode(text).ok())
        .filter(|share| !share.is_empty())
}

/// A share in hexadecimal.
pub(crate) fn hex(share: &[u8]) -> String {
    share.iter().map(|byte| format!("{byte:02x}")).collect()
}
