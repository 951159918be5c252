//! An online charging server: one account, from which sessions reserve octets.
//!
//! `cargo run --package ocs-server 127.0.0.1:3868`, and then the example `ro-client`, or `diametric ro`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::credit_control::{Cca, GrantedServiceUnit, MultipleServicesCreditControl};
use diametric::ro::{Expiry, RoRequest, RoServer, ServedSession};
use diametric::{Config, Node};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};

/// What is left, and what each session has reserved of it.
struct Ocs(Mutex<(u64, HashMap<String, u64>)>);

impl Ocs {
    /// Pays for what was used, returns the rest of the reservation, and reserves anew for whatever is asked for.
    fn charge(&self, request: &RoRequest) -> Cca {
        let (left, reservations) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (ccr, session) = (&request.ccr, request.ccr.session_id.as_str());
        let services = &ccr.multiple_services_credit_control;
        let used = services.iter().flat_map(|service| &service.used_service_unit);
        let used: u64 = used.filter_map(|units| units.cc_total_octets).sum();
        *left = (*left + reservations.remove(session).unwrap_or(0)).saturating_sub(used);
        // `success` has everything that an answer repeats of its request.
        let mut cca = request.success();
        for service in services {
            let Some(asked) = &service.requested_service_unit else { continue };
            let mut answer = MultipleServicesCreditControl::new();
            answer.rating_group = service.rating_group;
            // A client that names no amount leaves it to the server.
            let octets = asked.cc_total_octets.unwrap_or(1_000_000).min(*left);
            // This service is refused, not the request: other services may have their units.
            answer.result_code = Some(if octets > 0 { ResultCode::SUCCESS } else { ResultCode::CREDIT_LIMIT_REACHED });
            if octets > 0 {
                *left -= octets;
                *reservations.entry(session.to_owned()).or_default() += octets;
                answer.granted_service_unit = Some(GrantedServiceUnit::new().with_cc_total_octets(octets));
                // The client asks again within this time; if it is silent for twice as long, the session expires.
                answer.validity_time = Some(600);
            }
            cca.multiple_services_credit_control.push(answer);
        }
        println!("{session}: used {used} octets, {left} left");
        cca
    }
}

/// Repeated requests, unknown sessions and malformed requests are answered without the server; events (`debit` and others)
/// are refused, as they are not implemented here.
impl RoServer for Ocs {
    async fn initial(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.charge(&request))
    }
    async fn update(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.charge(&request))
    }
    async fn terminate(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.charge(&request))
    }
    async fn expired(&self, session: ServedSession, _: Expiry) {
        let (left, reservations) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *left += reservations.remove(session.id()).unwrap_or(0);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3868".into());
    let config = Config::new("ocs.example.net", "example.net").listen(address.parse()?);
    let node = Node::builder(config).ro_server(Ocs(Mutex::new((10_000_000, HashMap::new())))).start().await?;
    println!("listening on {}; Ctrl-C ends the server", node.listening()[0]);
    tokio::signal::ctrl_c().await?;
    node.shutdown().await;
    Ok(())
}
