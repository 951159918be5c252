//! What idle connections and idle Ro sessions hold: each side in a process of its own, memory as the system counts it.
//!
//! `cargo bench -p diametric-benches --bench memory [-- CONNECTIONS SESSIONS]`

use diametric::answer::ErrorAnswer;
use diametric::credit_control::{Cca, GrantedServiceUnit, MultipleServicesCreditControl};
use diametric::ro::{Opened, RoRequest, RoServer, imsi};
use diametric::{Config, Node};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Grants a quota to everybody.
struct Ocs;

impl RoServer for Ocs {
    async fn initial(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        let mut cca = request.success();
        let mut granted = MultipleServicesCreditControl::new();
        granted.granted_service_unit = Some(GrantedServiceUnit::new().with_cc_total_octets(1_000_000_u64));
        cca.multiple_services_credit_control.push(granted);
        Ok(cca)
    }
}

/// Kilobytes of memory that this process has written to.
fn used() -> Result<usize, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).ok_or("no RssAnon in /proc/self/status")?;
    Ok(line.split_whitespace().nth(1).ok_or("RssAnon says nothing")?.parse()?)
}

/// The server, in a process of its own: says where it listens, and what it uses each time it is asked.
#[expect(clippy::print_stdout, reason = "how the processes talk")]
async fn serve() -> Result<(), Failure> {
    let mut config = Config::new("ocs.example.net", "example.net").listen((Ipv4Addr::LOCALHOST, 0).into());
    config.max_connections = 100_000;
    let node = Node::builder(config).ro_server(Ocs).start().await?;
    println!("{}", node.listening()[0]);
    tokio::task::spawn_blocking(|| {
        for line in std::io::stdin().lines() {
            line?;
            println!("{}", used()?);
        }
        Ok(())
    })
    .await?
}

struct Server {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Server {
    fn start() -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let ask = process.stdin.take().ok_or("no stdin")?;
        let mut answers = BufReader::new(process.stdout.take().ok_or("no stdout")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        Ok(Self { process, ask, answers, address: line.trim().parse()? })
    }

    fn used(&mut self) -> Result<usize, Failure> {
        writeln!(self.ask)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim().parse()?)
    }

    fn stop(mut self) -> Result<(), Failure> {
        drop(self.ask);
        self.process.wait()?;
        Ok(())
    }
}

fn client(number: usize, server: SocketAddr) -> Config {
    Config::new(format!("gw-{number}.example.com"), "example.com").peer(server).ro_client("example.net")
}

async fn connected(node: &Node) {
    while node.peers().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Octets for each of `count` on both sides, the client's first.
async fn each(
    server: &mut Server,
    count: usize,
    make: impl AsyncFnOnce(usize) -> Result<(), Failure>,
) -> Result<(usize, usize), Failure> {
    let (client, served) = (used()?, server.used()?);
    make(count).await?;
    // What was only passing is given back.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (client, served) = (used()?.saturating_sub(client), server.used()?.saturating_sub(served));
    Ok((client * 1024 / count, served * 1024 / count))
}

#[expect(clippy::print_stdout, reason = "the figures are what this is for")]
async fn measure(connections: usize, sessions: usize) -> Result<(), Failure> {
    let mut server = Server::start()?;
    let mut nodes = Vec::new();
    for number in 0..20 {
        let node = Node::builder(client(number, server.address)).start().await?;
        connected(&node).await;
        nodes.push(node);
    }
    let address = server.address;
    let (ours, theirs) = each(&mut server, connections, async |count| {
        for number in 0..count {
            let node = Node::builder(client(1000 + number, address)).start().await?;
            connected(&node).await;
            nodes.push(node);
        }
        Ok(())
    })
    .await?;
    println!("{connections} connections: {ours} octets each at the client (with a node each), {theirs} at the server");

    let ro = nodes[0].ro()?;
    let service = ro.service("32251@3gpp.org").subscription(imsi("001010123456789"));
    let mut held = Vec::new();
    let mut open = async |count: usize| {
        for _ in 0..count {
            let opened = service
                .clone()
                .initial(|ccr| ccr.multiple_services_credit_control.push(MultipleServicesCreditControl::new()))
                .await?;
            let Opened::Granted { session, .. } = opened else { return Err("the session was not granted".into()) };
            held.push(session);
        }
        Ok(())
    };
    open(1000).await?;
    let (ours, theirs) = each(&mut server, sessions, open).await?;
    println!("{sessions} Ro sessions: {ours} octets each at the client, {theirs} at the server");
    // Sessions that are dropped say good-bye; nobody has to hear it here.
    std::mem::forget(held);
    server.stop()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|argument| argument == "serve") {
        return serve().await;
    }
    let number = |index: usize, default| arguments.get(index).map_or(Ok(default), |argument: &String| argument.parse());
    measure(number(0, 1000)?, number(1, 20_000)?).await
}
