//! An online charging server and a client of it, over loopback TCP: events are debited until the account is empty.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::credit_control::{
    Cca, CostInformation, CostInformationRequired, RequestedServiceUnit, UnitValue, UnitValueRequired,
};
use diametric::ro::{RoError, RoRequest, RoServer, msisdn};
use diametric::{Config, Node};
use std::error::Error;
use std::sync::atomic::{AtomicI64, Ordering};

/// What one message costs, in cents.
const PRICE: i64 = 9;

/// A server with one account. It offers debits; any other operation is refused for it.
struct Ocs {
    cents: AtomicI64,
}

impl RoServer for Ocs {
    async fn debit(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        // The request is complete and well-formed, or it would have been answered without coming here.
        let asked = request.ccr.requested_service_unit.as_ref();
        let messages = asked.and_then(|units| units.cc_service_specific_units).unwrap_or(1);
        let cost = PRICE * i64::try_from(messages).unwrap_or(i64::MAX / PRICE);
        let pay = |balance: i64| (balance >= cost).then(|| balance - cost);
        if self.cents.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).is_err() {
            return Ok(request.answer(ResultCode::CREDIT_LIMIT_REACHED));
        }
        // `success` takes over from the request what an answer repeats of it.
        let euros = UnitValue::new(UnitValueRequired { value_digits: cost }).with_exponent(-2);
        Ok(request.success().with_cost_information(CostInformation::new(CostInformationRequired {
            unit_value: euros,
            currency_code: 978,
        })))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::new("ocs.example.net", "example.net").listen("127.0.0.1:0".parse()?);
    let server = Node::builder(config).ro_server(Ocs { cents: AtomicI64::new(20) }).start().await?;

    let config = Config::new("smsc.example.com", "example.com").peer(server.listening()[0]).ro_client("example.net");
    let client = Node::builder(config).start().await?;
    let ro = client.ro()?;

    // 32274@3gpp.org: TS 32.274, charging for the short message service.
    for messages in [1_u64, 1, 1] {
        let debit = ro.service("32274@3gpp.org").subscription(msisdn("15550123456")).debit(|ccr| {
            ccr.requested_service_unit = Some(RequestedServiceUnit::new().with_cc_service_specific_units(messages));
        });
        match debit.await {
            Ok(cca) => {
                let cents = cca.cost_information.map(|cost| cost.unit_value.value_digits);
                println!("{}: {}, {} cents", cca.origin_host, cca.result_code, cents.unwrap_or_default());
            }
            Err(RoError::Denied(cca)) => println!("{}: {}", cca.origin_host, cca.result_code),
            Err(error) => println!("no answer: {error}"),
        }
    }

    // Both take leave of each other before the program ends.
    client.shutdown().await;
    server.shutdown().await;
    Ok(())
}
