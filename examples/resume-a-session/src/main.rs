//! A charging session outlives the process that has opened it: it is taken apart into plain data, and taken up elsewhere.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use diametric::answer::ErrorAnswer;
use diametric::credit_control::Cca;
use diametric::ro::{Opened, RoRequest, RoServer, RoSessionState, imsi};
use diametric::{Config, Node};
use std::error::Error;
use std::net::SocketAddr;

/// A server that grants everything, and shows what it gets.
struct Ocs;

impl RoServer for Ocs {
    async fn initial(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        println!("  the server got {:?} #{}", request.ccr.cc_request_type, request.ccr.cc_request_number);
        Ok(request.success())
    }
    async fn update(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        self.initial(request).await
    }
    async fn terminate(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        self.initial(request).await
    }
}

/// What the first process does: it opens the session, and writes down what is needed to go on with it.
async fn begin(server: SocketAddr) -> Result<String, Box<dyn Error>> {
    let node = client(server).await?;
    let service = node.ro()?.service("32251@3gpp.org").subscription(imsi("001010123456789"));
    let Opened::Granted { session, .. } = service.initial(|_| ()).await? else {
        return Err("the server does not control the session".into());
    };
    session.update(|_| ()).await?;
    // Attributes are the application's own, and go with the session.
    session.set_attribute("call", "from Ann to Ben");
    // `detach` takes the session: this process can do nothing more with it, and does not end it.
    let state: RoSessionState = session.detach().await?;
    node.shutdown().await;
    Ok(serde_json::to_string(&state)?)
}

/// What the second process does: it knows nothing of the session but what was written down.
async fn end(server: SocketAddr, state: &str) -> Result<(), Box<dyn Error>> {
    let node = client(server).await?;
    let state: RoSessionState = serde_json::from_str(state)?;
    let session = node.ro()?.resume(&state)?;
    println!("resumed {}, a call {}", session.id(), session.attribute("call").unwrap_or_default());
    // CC-Request-Number goes on where it was; the subscriber is the one that was named at the beginning.
    let answer = session.terminate(|_| ()).await?;
    println!("terminated with request {}: {}", answer.cc_request_number, answer.result_code);
    node.shutdown().await;
    Ok(())
}

async fn client(server: SocketAddr) -> Result<Node, Box<dyn Error>> {
    let config = Config::new("ctf.example.com", "example.com").peer(server).ro_client("example.net");
    Ok(Node::builder(config).start().await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::new("ocs.example.net", "example.net").listen("127.0.0.1:0".parse()?);
    let server = Node::builder(config).ro_server(Ocs).start().await?;
    let address = server.listening()[0];
    // Between the two, the session is a text, in a file or a database.
    let state = begin(address).await?;
    println!("kept as {} octets of JSON", state.len());
    end(address, &state).await?;
    server.shutdown().await;
    Ok(())
}
