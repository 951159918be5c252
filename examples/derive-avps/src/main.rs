//! AVPs and a command of one's own, declared beside the code that uses them, and sent from one node to another.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use diametric::answer::ErrorAnswer;
use diametric::base::{AuthApplicationId, DestinationRealm, OriginHost, OriginRealm, ResultCode, SessionId};
use diametric::codec::{DictionaryTable, Extras};
use diametric::message::Command as _;
use diametric::value::{DiameterIdentity, List, Utf8String};
use diametric::{Config, Incoming, Node};
use diametric_derive::{Avp, Command, Enumerated, Grouped, dictionary_table};
use std::error::Error;

/// A key: it stands for the AVP, whose values are texts.
#[derive(Avp)]
#[avp(name = "Sensor-Name", code = 7001, vendor = 99999, flags = "M", type = UTF8String)]
enum SensorName {}

/// An open enumeration: a value without a name is kept.
#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[avp(name = "Sensor-Kind", code = 7002, vendor = 99999, flags = "M", values(TEMPERATURE = 1, HUMIDITY = 2))]
struct SensorKind(i32);

/// A closed one: a value without a name is refused.
#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[avp(name = "Sensor-State", code = 7003, vendor = 99999, flags = "M")]
enum SensorState {
    Working = 0,
    Broken = 1,
}

/// A group, which is its own key. The type of a field says how often the member occurs.
#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Sensor", code = 7004, vendor = 99999, flags = "M")]
struct Sensor {
    #[avp(SensorName)]
    name: Utf8String,
    #[avp(SensorKind)]
    kind: Option<SensorKind>,
    #[avp(SensorState)]
    state: SensorState,
    #[avp(extras)]
    extras: Extras,
}

#[derive(Clone, Debug, PartialEq, Command)]
#[command(name = "Sensor-Report", code = 8388700, application = 16777999, short = "SR", request,
    answer = SensorReportAnswer)]
struct SensorReportRequest {
    #[avp(SessionId)]
    session_id: Utf8String,
    #[avp(OriginHost)]
    origin_host: DiameterIdentity,
    #[avp(OriginRealm)]
    origin_realm: DiameterIdentity,
    #[avp(DestinationRealm)]
    destination_realm: DiameterIdentity,
    #[avp(AuthApplicationId)]
    auth_application_id: u32,
    #[avp(Sensor, min = 1)]
    sensors: List<Sensor>,
    #[avp(extras)]
    extras: Extras,
}

#[derive(Clone, Debug, PartialEq, Command)]
#[command(name = "Sensor-Report", code = 8388700, application = 16777999, short = "SR", answer)]
struct SensorReportAnswer {
    #[avp(SessionId)]
    session_id: Utf8String,
    #[avp(ResultCode)]
    result_code: ResultCode,
    #[avp(OriginHost)]
    origin_host: DiameterIdentity,
    #[avp(OriginRealm)]
    origin_realm: DiameterIdentity,
    #[avp(extras)]
    extras: Extras,
}

/// What a node is told of all this.
static DICTIONARY: DictionaryTable = dictionary_table! {
    name = "sensors",
    avps = [SensorName, SensorKind, SensorState, Sensor],
    commands = [SensorReportRequest, SensorReportAnswer],
};

const APPLICATION: u32 = SensorReportRequest::APPLICATION;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = Config::new("station.example.net", "example.net").listen("127.0.0.1:0".parse()?);
    config.local.applications = config.local.applications.with_auth(APPLICATION);
    let server = Node::builder(config).dictionary(&DICTIONARY).handle(APPLICATION, report).start().await?;

    let mut config = Config::new("roof.example.com", "example.com").peer(server.listening()[0]);
    config.local.applications = config.local.applications.with_auth(APPLICATION);
    let config = config.realm("example.net", ["station.example.net"]);
    let client = Node::builder(config).dictionary(&DICTIONARY).start().await?;
    let sensor = |name: &str, kind, state| Sensor { name: name.into(), kind, state, extras: Extras::new() };
    let request = SensorReportRequest {
        session_id: "roof.example.com;1;1".into(),
        origin_host: "roof.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        auth_application_id: APPLICATION,
        sensors: [
            sensor("north", Some(SensorKind::TEMPERATURE), SensorState::Working),
            sensor("south", Some(SensorKind(9)), SensorState::Broken),
        ]
        .into(),
        extras: Extras::new(),
    };
    let answer = client.send(APPLICATION, &request).await?;
    println!("{}", answer.result_code);
    client.shutdown().await;
    server.shutdown().await;
    Ok(())
}

async fn report(incoming: Incoming<SensorReportRequest>) -> Result<SensorReportAnswer, ErrorAnswer> {
    let request = incoming.request;
    for sensor in &request.sensors {
        let kind = sensor.kind.map_or_else(|| "of no kind".to_owned(), |kind| kind.to_string());
        println!("{} ({kind}): {}", sensor.name, sensor.state);
    }
    Ok(SensorReportAnswer {
        session_id: request.session_id,
        result_code: ResultCode::SUCCESS,
        origin_host: "station.example.net".into(),
        origin_realm: "example.net".into(),
        extras: Extras::new(),
    })
}
