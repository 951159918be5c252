//! Charging for programs that do not use async: every method waits in the calling thread for what it comes to.
//!
//! [`Node`] starts a runtime of its own, in threads of its own. What it hands out can be shared between threads, and keeps the runtime alive.
//! The names and their meaning are those of [`crate::ro`] and [`crate::rf`]; requests, answers and errors are the same types.
//!
//! ```no_run
//! use diametric::blocking::Node;
//! use diametric::Config;
//! use diametric::ro::imsi;
//!
//! let node = Node::start(Config::load("node.toml")?)?;
//! let ro = node.ro()?;
//! let cca = ro.service("32274@3gpp.org").subscription(imsi("001010123456789")).debit(|ccr| {
//!     ccr.service_identifier = Some(7);
//! })?;
//! println!("{}", cca.result_code);
//! node.shutdown()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Code that runs on an async runtime has the async interface. A method of this module that is called there, where waiting
//! would stop other tasks, is an error ([`SendError::InAsyncContext`]); it may be called in
//! [`spawn_blocking`](tokio::task::spawn_blocking).

pub mod rf;
pub mod ro;

use crate::error::{SendError, StartError};
use crate::node::NodeBuilder;
use diametric_engine::peer::RemoteNode;
use diametric_protocol::message::Request;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::catch_unwind;
use std::sync::{Arc, Weak};
use tokio::runtime::{Builder, Handle, Runtime};

/// A node with a runtime of its own. Clones are handles to the same one.
///
/// When the last handle and the last session are gone, so is the node, at once and without a word to its peers.
#[derive(Clone)]
pub struct Node {
    node: crate::Node,
    engine: Engine,
}

impl Node {
    /// Starts a node: of a [`Config`](crate::Config), or of a [`NodeBuilder`] with dictionaries and handlers.
    ///
    /// # Errors
    /// As [`NodeBuilder::start`]; and if there can be no runtime.
    pub fn start(node: impl Into<NodeBuilder>) -> Result<Self, StartError> {
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("diametric").enable_all().build();
        let engine = Engine(Arc::new(Inner(Some(runtime.map_err(StartError::Runtime)?))));
        let node = engine.wait(node.into().start())?;
        Ok(Self { node, engine })
    }

    /// The client of online charging.
    ///
    /// # Errors
    /// As [`crate::Node::ro`].
    pub fn ro(&self) -> Result<ro::Ro, crate::ro::RoError> {
        Ok(ro::Ro { ro: self.node.ro()?, engine: self.engine.clone() })
    }

    /// The client of offline charging.
    ///
    /// # Errors
    /// As [`crate::Node::rf`].
    pub fn rf(&self) -> Result<rf::Rf, crate::rf::RfError> {
        Ok(rf::Rf { rf: self.node.rf()?, engine: self.engine.clone() })
    }

    /// Sends a request and waits for its answer, as [`crate::Node::send`].
    ///
    /// # Errors
    /// As there.
    pub fn send<R: Request>(&self, application: u32, request: &R) -> Result<R::Answer, SendError> {
        self.engine.wait(self.node.send(application, request))
    }

    /// The addresses that the listeners got, in the order of the configuration.
    pub fn listening(&self) -> &[SocketAddr] {
        self.node.listening()
    }

    /// The peers that are connected.
    pub fn peers(&self) -> Vec<Arc<RemoteNode>> {
        self.node.peers()
    }

    /// The node for async code, which runs on this one's runtime.
    pub fn as_async(&self) -> &crate::Node {
        &self.node
    }

    /// Ends the node in good order, as [`crate::Node::shutdown`].
    ///
    /// # Errors
    /// If it is called in async code, which must not wait.
    pub fn shutdown(self) -> Result<(), SendError> {
        let Self { node, engine } = self;
        engine.wait(async {
            node.shutdown().await;
            Ok(())
        })
    }
}

/// The runtime behind everything.
#[derive(Clone)]
struct Engine(Arc<Inner>);

struct Inner(Option<Runtime>);

/// The last handle may go anywhere, also where waiting for a runtime's threads is not allowed.
impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The error of a method that is called where it must not wait.
trait Unwaited {
    fn unwaited() -> Self;
}

impl Unwaited for StartError {
    fn unwaited() -> Self {
        Self::InAsyncContext
    }
}

impl<E: From<SendError>> Unwaited for E {
    fn unwaited() -> Self {
        SendError::InAsyncContext.into()
    }
}

impl Engine {
    /// Waits for what `future` comes to.
    fn wait<T, E: Unwaited>(&self, future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        match self.handle().filter(|handle| may_wait(handle)) {
            Some(handle) => handle.block_on(future),
            None => Err(E::unwaited()),
        }
    }

    /// Waits until `future` is done; where waiting is not allowed, it is done all the same.
    fn finish(&self, future: impl Future<Output = ()> + Send + 'static) {
        match self.handle() {
            Some(handle) if may_wait(handle) => handle.block_on(future),
            Some(handle) => drop(handle.spawn(future)),
            None => {}
        }
    }

    /// Does what begins tasks.
    fn enter<T>(&self, act: impl FnOnce() -> T) -> T {
        let _entered = self.handle().map(Handle::enter);
        act()
    }

    fn handle(&self) -> Option<&Handle> {
        self.0.0.as_ref().map(Runtime::handle)
    }

    fn downgrade(&self) -> Weak<Inner> {
        Arc::downgrade(&self.0)
    }
}

/// Whether this thread may wait. One with a runtime may be one on which waiting is allowed, as in `spawn_blocking`. Only
/// tokio knows, and it says so by a panic.
fn may_wait(handle: &Handle) -> bool {
    Handle::try_current().is_err() || catch_unwind(|| handle.block_on(async {})).is_ok()
}
