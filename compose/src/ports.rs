//! The published ports.

use std::ffi::OsString;

use anyhow::Result;
use harness::output::print;

use crate::certificates;
use crate::state::State;

/// Ports on 127.0.0.1.
#[derive(Debug, Clone, clap::Args)]
pub struct Ports {
    /// Port of the service (nginx)
    #[arg(long, default_value_t = Ports::default().port)]
    pub port: u16,
    /// Port of the mail catcher
    #[arg(long, default_value_t = Ports::default().mailpit_port)]
    pub mailpit_port: u16,
    /// Port of the traces (Zipkin)
    #[arg(long, default_value_t = Ports::default().zipkin_port)]
    pub zipkin_port: u16,
    /// Port of the logs (VictoriaLogs)
    #[arg(long, default_value_t = Ports::default().logs_port)]
    pub logs_port: u16,
    /// Port of the metrics (Prometheus)
    #[arg(long, default_value_t = Ports::default().prometheus_port)]
    pub prometheus_port: u16,
}

impl Default for Ports {
    fn default() -> Ports {
        Ports {
            port: 8443,
            mailpit_port: 8025,
            zipkin_port: 9411,
            logs_port: 9428,
            prometheus_port: 9090,
        }
    }
}

impl Ports {
    /// The parts that publish a port, each with the port and the option that chooses another.
    pub(crate) fn published(&self) -> [(&'static str, u16, &'static str); 5] {
        [
            ("nginx", self.port, "--port"),
            ("mailpit", self.mailpit_port, "--mailpit-port"),
            ("zipkin", self.zipkin_port, "--zipkin-port"),
            ("victoria-logs", self.logs_port, "--logs-port"),
            ("prometheus", self.prometheus_port, "--prometheus-port"),
        ]
    }

    /// Prints where everything is, and the demo accounts.
    pub(crate) fn announce(&self, state: &State) -> Result<()> {
        let Ports {
            port,
            mailpit_port,
            zipkin_port,
            logs_port,
            prometheus_port,
        } = *self;
        let authority = state.secrets().join(certificates::AUTHORITY);
        print(&format!(
            "service   https://localhost:{port}/, its authority is {}",
            authority.display()
        ));
        print(&format!("mails     http://127.0.0.1:{mailpit_port}/"));
        print(&format!("traces    http://127.0.0.1:{zipkin_port}/zipkin/"));
        print(&format!("logs      http://127.0.0.1:{logs_port}/select/vmui/"));
        print(&format!("metrics   http://127.0.0.1:{prometheus_port}/"));
        for account in state.accounts()? {
            print(&format!(
                "account   {}, password {}",
                account.email, account.password
            ));
        }
        print("Stop it with `cargo xtask down --compose`.");
        Ok(())
    }

    /// The variables of `compose.yaml`.
    pub(crate) fn variables(&self) -> [(&'static str, OsString); 5] {
        let number = |port: u16| port.to_string().into();
        [
            ("PORTCULLIS_PORT", number(self.port)),
            ("PORTCULLIS_MAILPIT_PORT", number(self.mailpit_port)),
            ("PORTCULLIS_ZIPKIN_PORT", number(self.zipkin_port)),
            ("PORTCULLIS_LOGS_PORT", number(self.logs_port)),
            ("PORTCULLIS_PROMETHEUS_PORT", number(self.prometheus_port)),
        ]
    }
}
