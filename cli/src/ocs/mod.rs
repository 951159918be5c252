//! A small online charging system to test clients with.

mod tariff;

use crate::report::{self, Outcome};
use crate::server::{self, Serving};
use anyhow::Result;
use diametric::Node;
use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::credit_control::Cca;
use diametric::ro::{RoError, RoRequest, RoServer, RoServerConfig};
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use tariff::Tariff;

const AFTER_HELP: &str = "\
The server keeps no accounts: whoever asks is granted what it asks for, or what the options say. Units are granted in \
Multiple-Services-Credit-Control where the request has it, with its Rating-Group and Service-Identifier, and otherwise at \
command level. A balance check is answered ENOUGH_CREDIT, a price enquiry 0.10 EUR. Repeated requests get the answer of \
the first; UPDATE and TERMINATION for sessions that do not exist are answered 5002.

When it is ready, the server prints one line, `listening on ADDRESS:PORT`. SIGINT and SIGTERM stop it: it takes leave of its \
peers with DPR.

EXAMPLES:
  Serve on the standard port, to any peer:
    diametric ocs --listen 0.0.0.0:3868 --origin-host ocs.example.net --origin-realm example.net
  Grant 5 MiB at a time, for ten minutes each, and ask for re-authorization two seconds after each INITIAL:
    diametric ocs --listen 127.0.0.1:0 --grant-octets 5242880 --validity-time 600 --reauth-after-ms 2000
  Refuse everything for lack of credit:
    diametric ocs --result-code 4012

EXIT STATUS:
  0 when stopped by a signal, 1 if it cannot listen, 2 if the command line is not understood.";

/// Serve online charging (Ro): a mini OCS that grants units to any client.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Origin-Host, a fully qualified domain name.
    #[arg(long, value_name = "HOST", default_value = "ocs.example.net")]
    origin_host: String,
    #[command(flatten)]
    serving: Serving,
    /// Grant so many octets (CC-Total-Octets) whenever a client asks for octets. Without this, what it asks for, or 1048576
    /// where it leaves the amount to the server.
    #[arg(long, value_name = "OCTETS")]
    grant_octets: Option<u64>,
    /// Grant so many seconds (CC-Time) whenever a client asks for time. Without this, what it asks for.
    #[arg(long, value_name = "SECONDS")]
    grant_seconds: Option<u32>,
    /// How long what is granted is valid (Validity-Time), in seconds. A client that is silent for twice as long loses its
    /// session.
    #[arg(long, value_name = "SECONDS")]
    validity_time: Option<u32>,
    /// Send a RAR so many milliseconds after each INITIAL that is granted.
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    reauth_after_ms: Option<u64>,
    /// Answer every CCR with this Result-Code. Units are granted only with 2xxx.
    #[arg(long, value_name = "CODE", default_value_t = 2001, value_parser = clap::value_parser!(u32).range(1000..6000))]
    result_code: u32,
}

/// Serves until it is told to stop.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let config = args.serving.config(&args.origin_host);
    let (reports, reporter) = report::lines();
    let ocs = Ocs {
        tariff: Tariff { octets: args.grant_octets, seconds: args.grant_seconds, validity_time: args.validity_time },
        result_code: ResultCode(args.result_code),
        reauth_after: args.reauth_after_ms.map(Duration::from_millis),
        reports,
    };
    let served = server::serve(Node::builder(config).ro_server_with(ocs, RoServerConfig::new()));
    // What nobody reads, nobody misses.
    reporter.ends();
    served
}

struct Ocs {
    tariff: Tariff,
    result_code: ResultCode,
    reauth_after: Option<Duration>,
    reports: SyncSender<String>,
}

impl Ocs {
    /// A CCA with whatever is granted.
    fn charge(&self, request: &RoRequest) -> Cca {
        let mut cca = request.answer(self.result_code);
        if self.granting() {
            self.tariff.grant(&request.ccr, &mut cca);
        }
        cca
    }

    fn granting(&self) -> bool {
        (2000..3000).contains(&self.result_code.0)
    }

    fn reauthorize_later(&self, request: &RoRequest) {
        let Some(after) = self.reauth_after.filter(|_| self.granting()) else { return };
        let (session, reports) = (request.session(), self.reports.clone());
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let problem = match session.reauthorize(|_| ()).await {
                Ok(raa) if !(2000..3000).contains(&raa.result_code.0) => {
                    format!("{} answered with Result-Code {}", raa.origin_host, raa.result_code)
                }
                // A session that is over by then has nothing to be asked.
                Ok(_) | Err(RoError::Ended) => return,
                Err(error) => error.to_string(),
            };
            // Where so many wait to be read, this one is not.
            let _ = reports.try_send(format!("RAR for {}: {problem}", session.id()));
        });
    }
}

impl RoServer for Ocs {
    async fn initial(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        self.reauthorize_later(&request);
        Ok(self.charge(&request))
    }

    async fn update(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.charge(&request))
    }

    async fn terminate(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.charge(&request))
    }

    async fn debit(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.charge(&request))
    }

    async fn refund(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.charge(&request))
    }

    async fn check_balance(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.charge(&request))
    }

    async fn price_enquiry(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.charge(&request))
    }
}
