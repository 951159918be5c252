//! The configuration as TOML. `docs/guide/configuration.md` tells every key.

use super::problem::ConfigError;
use super::reader::{Fault, Report, Table, boolean, count, duration, nearest, parsed, text, u32};
use super::{Accept, Config, PeerConfig, RealmConfig};
use diametric_engine::peer::watchdog::MIN_TW_INIT;
use diametric_protocol::credit_control::CcSessionFailover;
use diametric_protocol::value::{DiameterIdentity, Utf8String};
use std::path::Path;
use std::time::{Duration, SystemTime};
use toml::de::{DeTable, DeValue};

impl Config {
    /// Reads a configuration from TOML.
    ///
    /// # Errors
    /// Everything that is wrong with it, each at its line and column. A key that is not known is an error.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        read("<toml>", text)
    }

    /// Reads a configuration from a TOML file.
    ///
    /// # Errors
    /// If the file cannot be read; and as [`from_toml`](Self::from_toml).
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::Read { path: path.into(), cause })?;
        read(&path.display().to_string(), &text)
    }
}

fn read(file: &str, text: &str) -> Result<Config, ConfigError> {
    let report = Report::default();
    let (document, syntax) = DeTable::parse_recoverable(text);
    for error in syntax {
        report.add(error.span().map_or(0, |span| span.start), error.message(), None);
    }
    let config = node(Table::top(&document, &report));
    let problems = report.problems(file, text);
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(ConfigError::Invalid(problems)),
    }
}

/// `None` if what every node needs is missing, which is then reported.
fn node(top: Table<'_>) -> Option<Config> {
    let origin_host = top.need_at("origin-host", identity);
    let origin_realm = top.need_at("origin-realm", identity);
    let host = origin_host.clone().map(|(host, _)| host).unwrap_or_default();
    let realm = origin_realm.clone().map(|(realm, _)| realm).unwrap_or_default();
    let mut config = Config::new(host, realm);
    let local = &mut config.local;
    top.set("product-name", &mut local.product_name, |value| text(value).map(Utf8String::from));
    top.set("vendor-id", &mut local.vendor_id, u32);
    top.set("firmware-revision", &mut local.firmware_revision, |value| u32(value).map(Some));
    top.set("origin-state-id", &mut local.origin_state_id, |value| origin_state_id(value).map(Some));
    top.set("accept", &mut config.accept, accept);
    top.set("request-timeout", &mut config.request_timeout, duration);
    top.set("establish-timeout", &mut config.establish_timeout, duration);
    top.set("close-timeout", &mut config.close_timeout, duration);
    top.set("drain-timeout", &mut config.drain_timeout, duration);
    top.set("watchdog-interval", &mut config.watchdog_interval, watchdog_interval);
    top.set("reconnect-interval", &mut config.reconnect_interval, duration);
    top.set("tcp-nodelay", &mut config.tcp_nodelay, boolean);
    top.set("busy-interval", &mut config.busy_interval, duration);
    if let Some(vendors) = top.list_at("supported-vendor-ids", u32) {
        config.local.supported_vendors = vendors.into_iter().map(|(vendor, _)| vendor).collect();
    }
    if top.get("relay", boolean) == Some(true) {
        config = config.relay();
    }
    for listen in top.tables("listen") {
        if let Some((address, _)) = listen.need_at("address", parsed) {
            config.listen.push(address);
        }
        listen.finish();
    }
    for table in top.tables("peers") {
        peer(table, &top, &mut config);
    }
    for table in top.tables("realms") {
        route(table, &top, &mut config);
    }
    if let Some(limits) = top.table("limits") {
        limits.set("max-handlers", &mut config.max_handlers, count);
        limits.set("max-handlers-total", &mut config.max_handlers_total, count);
        limits.set("max-connections", &mut config.max_connections, count);
        limits.set("max-message-size", &mut config.max_message_size, message_size);
        limits.finish();
    }
    if let Some(table) = top.table("applications") {
        config = applications(table, &top, config);
    }
    top.finish();
    (origin_host.is_some() && origin_realm.is_some()).then_some(config)
}

fn peer(table: Table<'_>, top: &Table<'_>, config: &mut Config) {
    let host = table.need_at("host", identity);
    let address = table.get("address", parsed);
    let connect = table.get("connect", boolean);
    let lenient = table.get("lenient", boolean).unwrap_or(false);
    let (at, unsaid) = (table.at(), !table.has("address"));
    table.finish();
    let Some((host, host_at)) = host else { return };
    if config.peers.iter().any(|peer| peer.identity.as_ref() == Some(&host)) {
        top.problem(host_at, format!("the peer `{host}` is there already"), None);
    }
    if host == config.local.origin_host {
        top.problem(host_at, format!("`{host}` is this node itself"), None);
    }
    let connect = connect.unwrap_or(true);
    if unsaid && connect {
        let help = "give its `address`, or say `connect = false` if it is the peer that connects";
        top.problem(at, format!("it is not said where `{host}` listens"), Some(help.into()));
    }
    if lenient {
        config.lenient.push(host.clone());
    }
    config.peers.push(PeerConfig { identity: Some(host), address, connect });
}

fn route(table: Table<'_>, top: &Table<'_>, config: &mut Config) {
    let realm = table.need_at("realm", identity);
    let peers = table.list_at("peers", identity);
    if peers.as_ref().is_none_or(Vec::is_empty) {
        top.problem(table.at(), "[[realms]] needs `peers` with at least one host", None);
    }
    table.finish();
    let (Some((realm, realm_at)), Some(peers)) = (realm, peers) else { return };
    if config.realms.iter().any(|other| other.realm == realm) {
        top.problem(realm_at, format!("the realm `{realm}` is there already"), None);
    }
    let known: Vec<&str> = config.peers.iter().filter_map(|peer| peer.identity.as_deref()).collect();
    for (host, at) in &peers {
        if !config.peers.iter().any(|peer| peer.identity.as_ref() == Some(host)) {
            let help = match nearest(host, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "list it with [[peers]], with `connect = false` if it is the peer that connects".into(),
            };
            top.problem(*at, format!("`{host}` is not among the peers"), Some(help));
        }
    }
    let peers = peers.into_iter().map(|(host, _)| host).collect();
    config.realms.push(RealmConfig { realm, peers });
}

fn applications(table: Table<'_>, top: &Table<'_>, mut config: Config) -> Config {
    let ids = |key| table.list_at(key, u32).unwrap_or_default().into_iter().map(|(id, _)| id);
    let mut applications = std::mem::take(&mut config.local.applications);
    applications = ids("auth").fold(applications, |all, id| all.with_auth(id));
    applications = ids("acct").fold(applications, |all, id| all.with_acct(id));
    for entry in table.tables("vendor-auth") {
        if let Some((vendor, id)) = vendor_application(entry) {
            applications = applications.with_vendor_auth(vendor, id);
        }
    }
    for entry in table.tables("vendor-acct") {
        if let Some((vendor, id)) = vendor_application(entry) {
            applications = applications.with_vendor_acct(vendor, id);
        }
    }
    config.local.applications = applications;
    if let Some(ro) = table.table("ro") {
        config = online(ro, top, config);
    }
    if let Some(rf) = table.table("rf") {
        config = offline(rf, top, config);
    }
    table.finish();
    config
}

fn vendor_application(table: Table<'_>) -> Option<(u32, u32)> {
    let (vendor, id) = (table.need_at("vendor", u32), table.need_at("id", u32));
    table.finish();
    Some((vendor?.0, id?.0))
}

fn online(table: Table<'_>, top: &Table<'_>, mut config: Config) -> Config {
    let server = table.table("ocs").map(|ocs| destination(ocs, top, &config));
    table.set("tx-timer", &mut config.ro.tx, duration);
    table.set("session-failover", &mut config.ro.session_failover, session_failover);
    table.set("alternates", &mut config.ro.alternates, u32);
    table.set("buffer", &mut config.ro.buffer, |value| u32(value).map(|count| count as usize));
    table.set("retry-interval", &mut config.ro.retry_interval, duration);
    let mut applications = std::mem::take(&mut config.local.applications).with_auth(4);
    if let Some(vendor) = table.get("vendor-id", u32) {
        applications = applications.with_vendor_auth(vendor, 4);
    }
    config.local.applications = applications;
    table.finish();
    if let Some((host, realm)) = server {
        (config.ro.ocs_host, config.ro.ocs_realm) = (host, realm);
    }
    config
}

fn offline(table: Table<'_>, top: &Table<'_>, mut config: Config) -> Config {
    let server = table.table("cdf").map(|cdf| destination(cdf, top, &config));
    table.set("buffer", &mut config.rf.buffer, |value| u32(value).map(|count| count as usize));
    table.set("retry-interval", &mut config.rf.retry_interval, duration);
    let mut applications = std::mem::take(&mut config.local.applications).with_acct(3);
    if let Some(vendor) = table.get("vendor-id", u32) {
        applications = applications.with_vendor_acct(vendor, 3);
    }
    config.local.applications = applications;
    table.finish();
    if let Some((host, realm)) = server {
        (config.rf.cdf_host, config.rf.cdf_realm) = (host, realm);
    }
    config
}

/// The host and the realm to which a client's requests go. The realm of a host may be left to `[[realms]]`.
fn destination(
    table: Table<'_>,
    top: &Table<'_>,
    config: &Config,
) -> (Option<DiameterIdentity>, Option<DiameterIdentity>) {
    let (host, realm) = (table.get("host", identity), table.get("realm", identity));
    let at = table.at();
    table.finish();
    let of_host = |host: &DiameterIdentity| {
        config.realms.iter().find(|realm| realm.peers.contains(host)).map(|realm| realm.realm.clone())
    };
    let realm = realm.or_else(|| host.as_ref().and_then(of_host));
    if realm.is_none() {
        let help = "say `realm`, or list the host in [[realms]]";
        top.problem(at, "requests need a Destination-Realm, and it is not said here", Some(help.into()));
    }
    (host, realm)
}

fn identity(value: &DeValue<'_>) -> Result<DiameterIdentity, Fault> {
    let text = text(value)?;
    let identity = DiameterIdentity::from(text.as_str());
    if identity.is_valid() {
        Ok(identity)
    } else {
        Err(Fault::new(format!("`{text}` is not a DiameterIdentity: a host name or realm in ASCII, not empty")))
    }
}

fn accept(value: &DeValue<'_>) -> Result<Accept, Fault> {
    match text(value)?.as_str() {
        "any" => Ok(Accept::Any),
        "listed" => Ok(Accept::Listed),
        other => Err(Fault::new(format!("`{other}` is neither \"any\" nor \"listed\""))),
    }
}

fn session_failover(value: &DeValue<'_>) -> Result<CcSessionFailover, Fault> {
    Ok(match boolean(value)? {
        true => CcSessionFailover::FAILOVER_SUPPORTED,
        false => CcSessionFailover::FAILOVER_NOT_SUPPORTED,
    })
}

fn watchdog_interval(value: &DeValue<'_>) -> Result<Duration, Fault> {
    match duration(value)? {
        short if short < MIN_TW_INIT => Err(Fault::new("RFC 3539 forbids less than 6 s")),
        interval => Ok(interval),
    }
}

fn message_size(value: &DeValue<'_>) -> Result<usize, Fault> {
    use diametric_protocol::wire::{HEADER_LEN, MAX_MESSAGE_LEN};
    match count(value)? {
        size if (HEADER_LEN..=MAX_MESSAGE_LEN).contains(&size) => Ok(size),
        size => Err(Fault::new(format!("{size} is not between {HEADER_LEN} and {MAX_MESSAGE_LEN}"))),
    }
}

fn origin_state_id(value: &DeValue<'_>) -> Result<u32, Fault> {
    match value {
        DeValue::String(text) if text == "start-time" => {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            Ok(since.map_or(0, |since| since.as_secs()) as u32)
        }
        DeValue::Integer(_) => u32(value),
        _ => Err(Fault::new("expected a number, or \"start-time\"")),
    }
}
