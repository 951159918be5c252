//! Configurations as TOML: every key, and everything that can be wrong.

mod common;

use common::{address, answerer, ccr, granting, soon};
use diametric::base::ResultCode;
use diametric::credit_control::CcSessionFailover;
use diametric::peer::{Applications, RELAY};
use diametric::{Accept, Config, ConfigError, Node, PeerAddress, StartError};
use std::collections::BTreeSet;
use std::time::Duration;

const GUIDE: &str = include_str!("../../../docs/guide/configuration.md");

/// The example of the guide.
fn example() -> &'static str {
    let (_, rest) = GUIDE.split_once("```toml\n").expect("the guide has an example");
    rest.split_once("```").expect("which ends").0
}

/// A configuration with what is needed, and `more`.
fn with(more: &str) -> Result<Config, ConfigError> {
    Config::from_toml(&format!("origin-host = \"a.example.com\"\norigin-realm = \"example.com\"\n{more}"))
}

/// What is wrong with a configuration, one line for each.
fn problems(text: &str) -> Vec<String> {
    let Err(ConfigError::Invalid(problems)) = Config::from_toml(text) else { panic!("this is wrong: {text}") };
    let told = |problem: &diametric::Problem| {
        let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{}:{}: {}{help}", problem.line, problem.column, problem.message)
    };
    problems.iter().map(told).collect()
}

/// As [`problems`], of a configuration with what is needed in two lines.
fn wrong(more: &str) -> Vec<String> {
    problems(&format!("origin-host = \"a.example.com\"\norigin-realm = \"example.com\"\n{more}"))
}

#[test]
fn the_example_of_the_guide_sets_everything() {
    let config = Config::from_toml(example()).unwrap_or_else(|error| panic!("{error}"));
    let local = &config.local;
    assert_eq!((local.origin_host.as_str(), local.origin_realm.as_str()), ("ctf.example.com", "example.com"));
    assert_eq!((local.product_name.as_str(), local.vendor_id), ("Example Gateway", 99999));
    assert_eq!((local.firmware_revision, &local.supported_vendors[..]), (Some(3), &[10415][..]));
    assert!(local.origin_state_id.is_some_and(|id| id > 1_700_000_000), "the time of the start");
    assert_eq!(config.accept, Accept::Listed);
    assert_eq!(config.listen, ["0.0.0.0:3868".parse().unwrap(), "[::1]:3869".parse().unwrap()]);
    let peers: Vec<_> = config
        .peers
        .iter()
        .map(|peer| {
            let address = peer.address.as_ref().map(PeerAddress::to_string).unwrap_or_default();
            (peer.identity.as_deref().unwrap_or_default().to_owned(), address, peer.connect)
        })
        .collect();
    assert_eq!(
        peers,
        [
            ("ocs-1.example.net".to_owned(), "ocs-1.example.net:3868".to_owned(), true),
            ("ocs-2.example.net".to_owned(), "192.0.2.17:3868".to_owned(), true),
            ("cdf.example.net".to_owned(), String::new(), false),
        ]
    );
    assert_eq!(config.realms.len(), 1);
    assert_eq!((&config.realms[0].realm, config.realms[0].peers.len()), (&"example.net".into(), 2));
    let applications = Applications::new()
        .with_auth(16_777_238)
        .with_auth(4)
        .with_acct(3)
        .with_vendor_auth(10415, 16_777_251)
        .with_vendor_acct(10415, 16_777_999)
        .with_vendor_auth(10415, 4)
        .with_vendor_acct(10415, 3);
    assert_eq!(local.applications, applications);
    assert_eq!(config.ro.ocs_realm.as_deref(), Some("example.net"));
    assert_eq!(config.ro.ocs_host.as_deref(), Some("ocs-1.example.net"));
    assert_eq!(config.ro.tx, Duration::from_secs(7));
    assert_eq!(config.ro.session_failover, CcSessionFailover::FAILOVER_SUPPORTED);
    assert_eq!(config.ro.alternates, 2);
    assert_eq!((config.ro.buffer, config.ro.retry_interval), (500, Duration::from_secs(30)));
    assert_eq!(config.lenient.iter().map(|peer| peer.as_str()).collect::<Vec<_>>(), ["cdf.example.net"]);
    assert_eq!(config.rf.cdf_realm.as_deref(), Some("example.net"));
    assert_eq!(config.rf.cdf_host.as_deref(), Some("cdf.example.net"));
    assert_eq!((config.rf.buffer, config.rf.retry_interval), (5000, Duration::from_secs(20)));
    assert_eq!(config.max_message_size, 1 << 20);
    assert!(!config.tcp_nodelay);
}

/// The commented keys are keys, and have the values that they say.
#[test]
fn the_defaults_of_the_guide_are_those_of_the_code() {
    let text: String = example()
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") && !rest.contains(". ") => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(text.contains("\nrequest-timeout") && text.contains("\nmax-handlers") && text.contains("\nrelay"));
    let spelled = Config::from_toml(&text).unwrap_or_else(|error| panic!("{error}"));
    let default = Config::from_toml(example()).unwrap();
    let values = |config: &Config| {
        (
            [config.request_timeout, config.establish_timeout, config.close_timeout, config.drain_timeout],
            [config.watchdog_interval, config.reconnect_interval, config.busy_interval],
            [config.max_handlers, config.max_handlers_total, config.max_connections],
            config.local.applications.clone(),
        )
    };
    assert_eq!(values(&spelled), values(&default));
}

/// The keys of a table are those that it names when it is asked for another.
#[test]
fn every_key_is_in_the_example_of_the_guide() {
    let tables = [
        "",
        "[[listen]]",
        "[[peers]]",
        "[[realms]]",
        "[limits]",
        "[applications]",
        "[applications.ro]",
        "[applications.ro.ocs]",
    ];
    let more = ["[applications.rf]", "[applications.rf.cdf]", "[[applications.vendor-auth]]"];
    let mut keys = BTreeSet::new();
    for table in tables.into_iter().chain(more) {
        let problems = wrong(&format!("{table}\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx = 1"));
        let told =
            problems.iter().find(|problem| problem.contains(" knows ")).unwrap_or_else(|| panic!("{problems:?}"));
        let (_, known) = told.split_once(" knows ").unwrap();
        keys.extend(known.split(", ").map(|key| key.trim_matches('`').to_owned()));
    }
    assert!(keys.len() > 40, "{keys:?}");
    for key in keys {
        let there = example().lines().any(|line| {
            let line = line.trim_start_matches("# ").trim_start_matches('[');
            let name = line.split([' ', ']']).next().unwrap_or_default();
            name.split('.').any(|part| part == key)
        });
        assert!(there, "the example of the guide lacks `{key}`");
    }
}

#[test]
fn methods_and_keys_set_the_same() {
    let built = Config::new("a.example.com", "example.com")
        .listen("127.0.0.1:0".parse().unwrap())
        .named_peer("ocs.example.net", ("ocs.example.net", 3868))
        .known_peer("cdf.example.net")
        .accept(Accept::Listed)
        .realm("example.net", ["ocs.example.net"])
        .relay()
        .ro_client("example.net")
        .ocs_host("ocs.example.net")
        .rf_client("example.net");
    let read = with(
        r#"
        accept = "listed"
        relay = true
        [[listen]]
        address = "127.0.0.1:0"
        [[peers]]
        host = "ocs.example.net"
        address = "ocs.example.net"
        [[peers]]
        host = "cdf.example.net"
        connect = false
        [[realms]]
        realm = "example.net"
        peers = ["ocs.example.net"]
        [applications.ro]
        ocs.host = "ocs.example.net"
        [applications.rf.cdf]
        realm = "example.net"
        "#,
    );
    assert_eq!(format!("{:?}", read.unwrap()), format!("{built:?}"));
}

#[test]
fn an_unknown_key_is_refused_with_what_it_may_mean() {
    assert_eq!(
        problems("orign-host = \"a\"\norigin-realm = \"b\""),
        [
            "1:1: the configuration lacks `origin-host`",
            "1:1: `orign-host` is not a key of the configuration; did you mean `origin-host`?",
        ]
    );
    assert_eq!(
        wrong("request_timeout = \"1s\""),
        ["3:1: `request_timeout` is not a key of the configuration; did you mean `request-timeout`?"]
    );
    assert_eq!(
        wrong("[limits]\nmax-handler = 1\n"),
        ["4:1: `max-handler` is not a key of [limits]; did you mean `max-handlers`?"]
    );
    assert_eq!(
        wrong("[[listen]]\naddress = \"127.0.0.1:1\"\ntls = true"),
        ["5:1: `tls` is not a key of [[listen]]; [[listen]] knows `address`"]
    );
    assert_eq!(
        wrong("[applications.ro]\nocs.hots = \"x\"")[1],
        "4:5: `hots` is not a key of [applications.ro.ocs]; did you mean `host`?"
    );
}

#[test]
fn a_bad_value_is_told_at_its_place() {
    for (text, told) in [
        (
            "request-timeout = 30",
            "3:19: `request-timeout`: expected a time span, found an integer; write it with its unit, as in \"30s\", \"500ms\" or \"1m 30s\"",
        ),
        ("request-timeout = \"0s\"", "3:19: `request-timeout`: a time span of zero leaves no time"),
        ("watchdog-interval = \"5s\"", "3:21: `watchdog-interval`: RFC 3539 forbids less than 6 s"),
        ("vendor-id = -1", "3:13: `vendor-id`: -1 is not between 0 and 4294967295"),
        ("vendor-id = 99999999999999999999", "3:13: `vendor-id`: 99999999999999999999 is too large"),
        ("vendor-id = 1.5", "3:13: `vendor-id`: expected an integer, found a number with a fraction"),
        ("product-name = true", "3:16: `product-name`: expected a text, found a boolean"),
        ("relay = \"yes\"", "3:9: `relay`: expected `true` or `false`, found a text"),
        ("accept = \"some\"", "3:10: `accept`: `some` is neither \"any\" nor \"listed\""),
        ("listen = \"127.0.0.1:3868\"", "3:10: `listen`: expected tables, found a text; begin each with [[listen]]"),
        ("[limits]\nmax-connections = 0", "4:19: `max-connections`: expected 1 or more"),
        ("[limits]\nmax-message-size = 19", "4:20: `max-message-size`: 19 is not between 20 and 16777212"),
        ("limits = 1", "3:10: `limits`: expected a table, found an integer"),
        ("origin-state-id = \"now\"", "3:19: `origin-state-id`: expected a number, or \"start-time\""),
        ("supported-vendor-ids = 10415", "3:24: `supported-vendor-ids`: expected an array, found an integer"),
        ("supported-vendor-ids = [10415, \"x\"]", "3:32: `supported-vendor-ids`: expected an integer, found a text"),
        ("[[listen]]\naddress = \"here\"", "4:11: `address`: invalid socket address syntax"),
    ] {
        assert_eq!(wrong(text), [told], "{text}");
    }
    let told = wrong("request-timeout = \"30 parsecs\"");
    assert!(told[0].starts_with("3:19: `request-timeout`: `30 parsecs` is not a time span: "), "{told:?}");
    assert_eq!(problems("origin-host = \"\"\norigin-realm = \"example.com\"").len(), 1);
    assert!(
        problems("origin-host = \"a b\"\norigin-realm = \"example.com\"")[0]
            .contains("1:15: `origin-host`: `a b` is not a DiameterIdentity")
    );
}

#[test]
fn peers_and_realms_must_fit() {
    let peer = "[[peers]]\nhost = \"ocs-1.example.net\"\naddress = \"ocs:3868\"\n";
    assert_eq!(wrong("[[peers]]\naddress = \"ocs:3868\""), ["3:1: [[peers]] lacks `host`"]);
    assert_eq!(
        wrong("[[peers]]\nhost = \"ocs.example.net\""),
        [
            "3:1: it is not said where `ocs.example.net` listens; give its `address`, or say `connect = false` if it is the peer that connects"
        ]
    );
    assert_eq!(wrong(&format!("{peer}{peer}")), ["7:8: the peer `ocs-1.example.net` is there already"]);
    assert_eq!(
        wrong("[[peers]]\nhost = \"A.example.com\"\nconnect = false"),
        ["4:8: `A.example.com` is this node itself"]
    );
    assert_eq!(wrong("[[peers]]\nhost = \"x\"\naddress = \"x:y\"")[0].split(": ").nth(1), Some("`address`"));
    assert_eq!(
        wrong(&format!("{peer}[[realms]]\nrealm = \"example.net\"\npeers = [\"ocs-2.example.net\"]")),
        ["8:10: `ocs-2.example.net` is not among the peers; did you mean `ocs-1.example.net`?"]
    );
    assert_eq!(
        wrong(&format!("{peer}[[realms]]\nrealm = \"example.net\"\npeers = []")),
        ["6:1: [[realms]] needs `peers` with at least one host"]
    );
    let realm = "[[realms]]\nrealm = \"example.net\"\npeers = [\"ocs-1.example.net\"]\n";
    assert_eq!(wrong(&format!("{peer}{realm}{realm}")), ["10:9: the realm `example.net` is there already"]);
    assert_eq!(
        wrong("[applications.ro]\nocs.host = \"ocs.example.net\""),
        [
            "4:1: requests need a Destination-Realm, and it is not said here; say `realm`, or list the host in [[realms]]"
        ]
    );
    let found = with(&format!("{peer}{realm}[applications.ro]\nocs.host = \"ocs-1.example.net\"")).unwrap();
    assert_eq!(found.ro.ocs_realm.as_deref(), Some("example.net"));
}

#[test]
fn a_text_that_is_no_toml_is_told_as_well() {
    let told = wrong("vendor-id = \nproduct-name = \"x\nbogus = 1");
    assert!(told[0].starts_with("3:1"), "{told:?}");
    assert!(told.len() > 1, "all of it: {told:?}");
    assert!(
        wrong("vendor-id = 1\nvendor-id = 2")[0].starts_with("4:1: "),
        "{:?}",
        wrong("vendor-id = 1\nvendor-id = 2")
    );
}

#[test]
fn all_problems_come_in_the_order_of_the_text() {
    let told = wrong("accept = 1\nproduct-nmae = \"x\"\nvendor-id = true\n[limits]\nmax-handlers = 0\n");
    let lines: Vec<_> = told.iter().map(|told| told.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["3", "4", "5", "7"]);
}

#[test]
fn a_file_is_named_in_its_problems() {
    let path = std::env::temp_dir().join(format!("diametric-config-{}.toml", std::process::id()));
    std::fs::write(&path, "origin-host = \"a.example.com\"\norigin-realm = 5\n").unwrap();
    let error = Config::load(&path).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("error: `origin-realm`: expected a text, found an integer\n  --> {}:2:16", path.display())
    );
    std::fs::write(&path, "origin-host = \"a.example.com\"\norigin-realm = \"example.com\"\n").unwrap();
    assert_eq!(Config::load(&path).unwrap().local.origin_host, "a.example.com");
    std::fs::remove_file(&path).unwrap();
    let error = Config::load(&path).unwrap_err();
    assert!(
        matches!(&error, ConfigError::Read { .. }) && error.to_string().contains(&*path.to_string_lossy()),
        "{error}"
    );
}

#[test]
fn columns_count_characters() {
    assert_eq!(wrong("# é\nproduct-name = \"é\" # é\nvendor-id = \"é\"")[0].split(' ').next(), Some("5:13:"));
    assert_eq!(wrong("supported-vendor-ids = [ \"ééé\", 1, true ]")[1].split(' ').next(), Some("3:36:"));
}

#[test]
fn addresses_are_host_and_port() {
    for (text, shown) in [
        ("ocs.example.net:3869", "ocs.example.net:3869"),
        ("ocs.example.net", "ocs.example.net:3868"),
        ("192.0.2.1", "192.0.2.1:3868"),
        ("192.0.2.1:1", "192.0.2.1:1"),
        ("2001:db8::1", "[2001:db8::1]:3868"),
        ("[2001:db8::1]", "[2001:db8::1]:3868"),
        ("[2001:db8::1]:5868", "[2001:db8::1]:5868"),
        ("localhost:65535", "localhost:65535"),
    ] {
        assert_eq!(text.parse::<PeerAddress>().unwrap().to_string(), shown, "{text}");
    }
    for text in
        ["", ":3868", "host:", "host:0", "host:65536", "host:x", "a b:1", "aaa://host:3868", "host:1:2", "[::1:3868"]
    {
        let error = text.parse::<PeerAddress>().expect_err(text).to_string();
        assert!(error.contains("expected HOST:PORT"), "{error}");
    }
}

#[tokio::test]
async fn a_configuration_that_was_built_is_checked_when_the_node_starts() {
    let base = || Config::new("a.example.com", "example.com");
    let mut short = base();
    short.watchdog_interval = Duration::from_secs(5);
    let mut nowhere = base().known_peer("ocs.example.net");
    nowhere.peers[0].connect = true;
    let mut nobody = base().peer(("localhost", 1));
    nobody.peers[0].address = None;
    for (config, told) in [
        (Config::new("", "example.com"), "`` cannot be the Origin-Host: "),
        (Config::new("a.example.com", "x y"), "`x y` cannot be the Origin-Realm: "),
        (base().ro_client("x y"), "`x y` cannot be the realm of the OCF: "),
        (base().ocs_host("x y"), "`x y` cannot be the host of the OCF: "),
        (base().rf_client("x y"), "`x y` cannot be the realm of the CDF: "),
        (base().cdf_host("x y"), "`x y` cannot be the host of the CDF: "),
        (base().realm("x y", ["ocs.example.net"]), "`x y` cannot be a realm: "),
        (base().known_peer("x y"), "`x y` cannot be the Origin-Host of a peer: "),
        (base().lenient_peer("x y"), "`x y` cannot be the Origin-Host of a peer: "),
        (base().realm("example.net", ["x y"]), "`x y` cannot be the Origin-Host of a peer: "),
        (short, "RFC 3539 forbids less than 6s"),
        (nowhere, "ocs.example.net is to be connected to, but has no address"),
        (nobody, "neither a name nor an address"),
        (
            base().known_peer("ocs-1.example.net").realm("example.net", ["ocs-2.example.net"]),
            "realm example.net names ocs-2.example.net, which is not among the peers",
        ),
    ] {
        let Err(error) = Node::builder(config).start().await else { panic!("{told}") };
        assert!(matches!(error, StartError::Config(_)) && error.to_string().contains(told), "{error}");
    }
    // Where a peer may have any name, it may have that one.
    let open =
        base().known_peer("ocs-1.example.net").peer(("localhost", 1)).realm("example.net", ["ocs-2.example.net"]);
    Node::builder(open.relay()).start().await.unwrap();
    assert!(base().relay().local.applications.serves(RELAY));
}

#[tokio::test]
async fn a_time_span_that_no_clock_can_say_is_waited_out_as_any_other() {
    let spans = [
        "request-timeout",
        "establish-timeout",
        "close-timeout",
        "drain-timeout",
        "busy-interval",
        "reconnect-interval",
    ];
    let endless = spans.map(|span| format!("{span} = \"580000000000years\"\n")).concat();
    let ocs = granting(common::config("ocs.example.net")).start().await.unwrap();
    let config = with(&endless).unwrap().peer(address(&ocs)).ro_client("example.net");
    assert!(config.request_timeout > Duration::from_secs(1 << 63));
    let node = Node::builder(config).start().await.unwrap();
    assert_eq!(answerer(&node, &ccr("example.net")).await, "ocs.example.net");
    let debit = node.ro().unwrap().service("32251@3gpp.org").tx(Duration::MAX).debit(|_| ());
    assert_eq!(soon(debit).await.unwrap().result_code, ResultCode::SUCCESS);
    soon(node.shutdown()).await;
}
