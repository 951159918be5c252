//! Requests and answers over loopback: diametric's node beside the crate `diameter` and a bare echo, all in one run.
//!
//! A client and a server, each a thread with a runtime of its own, share one processor and one connection. The client keeps
//! a window of CCRs (w2) in flight, each answered by a CCA (w2a). diametric goes its whole way: typed struct, route, socket,
//! typed handler, and back. The echo reads and writes frames of the same sizes, as many at once as there are, and looks at
//! nothing: it is what sockets and runtime cost.
//!
//! `cargo bench -p diametric-benches --bench end_to_end [-- SECONDS REPEATS [CONTENDER [WINDOW]]]`. One message is one request or one
//! answer.

use diameter::DiameterMessage;
use diameter::avp::Avp;
use diameter::dictionary::{DEFAULT_DICT_XML, Dictionary};
use diameter::transport::{DiameterClient, DiameterClientConfig, DiameterServer, DiameterServerConfig};
use diametric::codec::Known;
use diametric::credit_control::{CreditControlAnswer, CreditControlRequest};
use diametric::message::{self, Command};
use diametric::peer::Applications;
use diametric::{Config, Incoming, Node};
use diametric_benches::{w2, w2a};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::future::Future;
use std::io::Cursor;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinSet;

const CREDIT_CONTROL: u32 = 4;
const WINDOWS: [usize; 3] = [1, 32, 256];
/// What comes before the measuring: connections, buffers and branch predictors settle.
const WARM_UP: Duration = Duration::from_millis(300);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the client's tasks share with whoever measures.
#[derive(Clone, Default)]
struct Meter {
    exchanges: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Meter {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn count(&self, exchanges: u64) {
        self.exchanges.fetch_add(exchanges, Ordering::Relaxed);
    }
}

/// One contender's figures in one window.
#[derive(Clone, Copy)]
struct Figures {
    /// Requests and answers, a second.
    rate: f64,
    /// Microseconds of processor time a message, both sides together.
    cost: f64,
}

/// A client and a server of one kind.
#[derive(Clone, Copy)]
enum Contender {
    Echo,
    Diametric,
    Diameter,
}

impl Contender {
    const ALL: [Self; 3] = [Self::Echo, Self::Diametric, Self::Diameter];

    fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Diametric => "diametric",
            Self::Diameter => "diameter",
        }
    }

    fn measure(self, window: usize, time: Duration) -> Result<Figures, Failure> {
        match self {
            Self::Echo => run(echo::serve, move |to, meter| echo::load(to, window, meter), time),
            Self::Diametric => run(node::serve, move |to, meter| node::load(to, window, meter), time),
            Self::Diameter => run(peer::serve, move |to, meter| peer::load(to, window, meter), time),
        }
    }
}

/// Runs the server and the client in a thread each.
fn run<S, C>(
    serve: impl FnOnce(oneshot::Sender<SocketAddr>) -> S + Send + 'static,
    load: impl FnOnce(SocketAddr, Meter) -> C,
    time: Duration,
) -> Result<Figures, Failure>
where
    S: Future<Output = Result<(), Failure>>,
    C: Future<Output = Result<(), Failure>>,
{
    let (ready, address) = oneshot::channel();
    let (done, finished) = oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        runtime()?.block_on(async {
            tokio::select! {
                served = serve(ready) => served,
                _ = finished => Ok(()),
            }
        })
    });
    let address = address.blocking_recv()?;
    let meter = Meter::default();
    let measured = meter.clone();
    let (send, figures) = mpsc::channel();
    let watch = std::thread::spawn(move || {
        std::thread::sleep(WARM_UP);
        let (start, exchanges, used) = (Instant::now(), measured.exchanges.load(Ordering::Relaxed), processor_time());
        std::thread::sleep(time);
        let exchanges = measured.exchanges.load(Ordering::Relaxed) - exchanges;
        let (elapsed, used) = (start.elapsed(), processor_time() - used);
        measured.stop.store(true, Ordering::Relaxed);
        let messages = 2.0 * exchanges as f64;
        // Nobody is left to tell if the load has failed.
        let _ = send.send(Figures { rate: messages / elapsed.as_secs_f64(), cost: used / messages });
    });
    let loaded = runtime()?.block_on(load(address, meter.clone()));
    meter.stop.store(true, Ordering::Relaxed);
    drop(done);
    loaded?;
    watch.join().map_err(|_| "the watch failed")?;
    server.join().map_err(|_| "the server failed")??;
    Ok(figures.recv()?)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Microseconds that this process has used.
fn processor_time() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("a process may know what it uses");
    (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64
}

/// Two peers that write and read frames of given lengths, and nothing else.
mod echo {
    use super::*;

    pub(super) async fn serve(ready: oneshot::Sender<SocketAddr>) -> Result<(), Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        ready.send(listener.local_addr()?).map_err(|_| "nobody waits")?;
        let (stream, _) = listener.accept().await?;
        exchange(stream, w2().len(), w2a(), 0, &Meter::default()).await
    }

    pub(super) async fn load(address: SocketAddr, window: usize, meter: Meter) -> Result<(), Failure> {
        exchange(TcpStream::connect(address).await?, w2a().len(), w2(), window, &meter).await
    }

    /// Writes `own` once for every `length` octets that come; at the start as often as `ahead` says.
    async fn exchange(
        mut stream: TcpStream,
        length: usize,
        own: Vec<u8>,
        ahead: usize,
        meter: &Meter,
    ) -> Result<(), Failure> {
        stream.set_nodelay(true)?;
        let mut out = own.repeat(ahead);
        let mut buffer = vec![0; 256 * 1024];
        let mut rest = 0;
        while meter.goes_on() {
            stream.write_all(&out).await?;
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                break;
            }
            let whole = (rest + count) / length;
            rest = (rest + count) % length;
            out.clear();
            for _ in 0..whole {
                out.extend_from_slice(&own);
            }
            meter.count(whole as u64);
        }
        Ok(())
    }
}

/// diametric, as an application uses it.
mod node {
    use super::*;

    fn decoded<C: Command>(frame: &[u8]) -> C {
        message::decode(frame, &Known::standard()).expect("a valid message").body
    }

    pub(super) async fn serve(ready: oneshot::Sender<SocketAddr>) -> Result<(), Failure> {
        let ccr: CreditControlRequest = decoded(&w2());
        let host = ccr.destination_host.ok_or("w2 names its server")?;
        let mut config = Config::new(host, ccr.destination_realm).listen((Ipv4Addr::LOCALHOST, 0).into());
        config.local.applications = Applications::new().with_auth(CREDIT_CONTROL);
        let cca: CreditControlAnswer = decoded(&w2a());
        let node = Node::builder(config)
            .handle(CREDIT_CONTROL, move |_: Incoming<CreditControlRequest>| {
                let cca = cca.clone();
                async move { Ok(cca) }
            })
            .start()
            .await?;
        ready.send(node.listening()[0]).map_err(|_| "nobody waits")?;
        std::future::pending().await
    }

    pub(super) async fn load(address: SocketAddr, window: usize, meter: Meter) -> Result<(), Failure> {
        let ccr: Arc<CreditControlRequest> = Arc::new(decoded(&w2()));
        let mut config = Config::new(ccr.origin_host.clone(), ccr.origin_realm.clone()).peer(address);
        config.local.applications = Applications::new().with_auth(CREDIT_CONTROL);
        let node = Node::builder(config).start().await?;
        let mut tasks = JoinSet::new();
        for _ in 0..window {
            let (node, ccr, meter) = (node.clone(), Arc::clone(&ccr), meter.clone());
            tasks.spawn(async move {
                while meter.goes_on() {
                    node.send(CREDIT_CONTROL, &*ccr).await?;
                    meter.count(1);
                }
                Ok::<_, Failure>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    }
}

/// The crate `diameter`. Its AVPs are ready-made: a message costs their clones, as those of diametric's answers.
mod peer {
    use super::*;

    fn dictionary() -> Arc<Dictionary> {
        Arc::new(Dictionary::new(&[&DEFAULT_DICT_XML, include_str!("peer.xml")]))
    }

    fn read(frame: &[u8], dictionary: &Arc<Dictionary>) -> DiameterMessage {
        DiameterMessage::decode_from(&mut Cursor::new(frame), Arc::clone(dictionary)).expect("a readable message")
    }

    fn build(
        template: &DiameterMessage,
        hop_by_hop: u32,
        avps: &[Avp],
        dictionary: &Arc<Dictionary>,
    ) -> DiameterMessage {
        let mut message = DiameterMessage::new(
            template.get_command_code(),
            template.get_application_id(),
            template.get_flags(),
            hop_by_hop,
            template.get_end_to_end_id(),
            Arc::clone(dictionary),
        );
        avps.iter().for_each(|avp| message.add(avp.clone()));
        message
    }

    pub(super) async fn serve(ready: oneshot::Sender<SocketAddr>) -> Result<(), Failure> {
        let dictionary = dictionary();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?;
        let config = DiameterServerConfig { native_tls: None };
        let mut server = DiameterServer::new(&free.to_string(), config).await?;
        ready.send(free).map_err(|_| "nobody waits")?;
        let (own, answer) = (Arc::clone(&dictionary), Arc::new(read(&w2a(), &dictionary)));
        let handler = move |request: DiameterMessage| {
            let answer = build(&answer, request.get_hop_by_hop_id(), answer.get_avps(), &own);
            async move { Ok(answer) }
        };
        Ok(server.listen(handler, dictionary).await?)
    }

    pub(super) async fn load(address: SocketAddr, window: usize, meter: Meter) -> Result<(), Failure> {
        let dictionary = dictionary();
        let config = DiameterClientConfig { use_tls: false, verify_cert: false };
        let mut client = DiameterClient::new(&address.to_string(), config);
        let mut receiver = client.connect().await?;
        let receiving = Arc::clone(&dictionary);
        tokio::spawn(async move { DiameterClient::handle(&mut receiver, receiving).await });
        let request = Arc::new(read(&w2(), &dictionary));
        let client = Arc::new(Mutex::new(client));
        let mut tasks = JoinSet::new();
        for _ in 0..window {
            let (client, request, meter) = (Arc::clone(&client), Arc::clone(&request), meter.clone());
            let dictionary = Arc::clone(&dictionary);
            tasks.spawn(async move {
                while meter.goes_on() {
                    let mut client = client.lock().await;
                    let request = build(&request, client.get_next_seq_num(), request.get_avps(), &dictionary);
                    let answer = client.send_message(request).await?;
                    drop(client);
                    answer.await?;
                    meter.count(1);
                }
                Ok::<_, Failure>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How far the values lie apart, against their median, in percent.
fn spread(values: &[f64]) -> f64 {
    let (low, high) = values.iter().fold((f64::MAX, 0.0_f64), |(low, high), value| (low.min(*value), high.max(*value)));
    100.0 * (high - low) / median(values.to_vec())
}

#[expect(clippy::print_stdout, reason = "the figures are what this is for")]
fn report(repeats: usize, time: Duration, only: Option<&str>, windows: &[usize]) -> Result<(), Failure> {
    let contenders = || Contender::ALL.into_iter().filter(|contender| only.is_none_or(|only| only == contender.name()));
    println!("{repeats} times {time:?} each; medians (and the distance of the extremes)");
    println!("{:<10} {:>6} {:>12} {:>20}", "", "window", "messages/s", "CPU us/message");
    for &window in windows {
        let mut all: Vec<Vec<Figures>> = contenders().map(|_| Vec::new()).collect();
        for _ in 0..repeats {
            for (contender, figures) in contenders().zip(&mut all) {
                figures.push(contender.measure(window, time)?);
            }
        }
        for (contender, figures) in contenders().zip(&all) {
            let rates: Vec<_> = figures.iter().map(|figures| figures.rate).collect();
            let costs: Vec<_> = figures.iter().map(|figures| figures.cost).collect();
            let (rate, cost) = (median(rates.clone()), median(costs.clone()));
            let (rates, costs) = (spread(&rates), spread(&costs));
            println!(
                "{:<10} {window:>6} {rate:>12.0} ({rates:>2.0} %) {cost:>10.2} ({costs:>2.0} %)",
                contender.name()
            );
        }
    }
    Ok(())
}

/// Keeps this thread, and every thread that it starts, on one processor.
fn pin() -> Result<(), Failure> {
    #[cfg(target_os = "linux")]
    {
        let mut processors = nix::sched::CpuSet::new();
        processors.set(0)?;
        nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &processors)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |index: usize| arguments.get(index).and_then(|argument| argument.parse().ok());
    let time = Duration::from_secs_f64(number(0).unwrap_or(1.0));
    let repeats = number(1).unwrap_or(5.0) as usize;
    let only = arguments.get(2).map(String::as_str);
    let windows = number(3).map_or(WINDOWS.to_vec(), |window| vec![window as usize]);
    match pin().and_then(|()| report(repeats.max(1), time, only, &windows)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&*error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "where a program's errors belong")]
fn tell(error: &(dyn std::error::Error + 'static)) {
    eprintln!("end_to_end: {error}");
}
