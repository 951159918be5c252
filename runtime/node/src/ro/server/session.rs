//! What a server asks of the client of a session.

use super::CREDIT_CONTROL;
use super::table::{Client, Table};
use crate::error::SendError;
use crate::ro::{Later, RoError, RoFuture};
use diametric_engine::peer::LocalNode;
use diametric_protocol::base::{
    AbortSessionAnswer, AbortSessionRequest, AbortSessionRequestRequired, ReAuthRequestType, ResultCode,
};
use diametric_protocol::credit_control::{ReAuthAnswer, ReAuthRequest, ReAuthRequestRequired};
use diametric_protocol::message::Request;
use diametric_protocol::value::DiameterIdentity;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// A credit-control session as a server sees it: a handle to be kept for what the server asks of the client by itself.
#[derive(Clone)]
pub struct ServedSession {
    pub(super) id: Arc<str>,
    pub(super) client: Client,
    pub(super) home: Arc<Home>,
}

/// What the sessions of a server share.
pub(super) struct Home {
    pub(super) table: Table,
    pub(super) local: LocalNode,
    pub(super) node: Later,
}

impl ServedSession {
    /// Session-Id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Origin-Host of the client.
    pub fn client(&self) -> &DiameterIdentity {
        &self.client.host
    }

    /// Origin-Realm of the client.
    pub fn client_realm(&self) -> &DiameterIdentity {
        &self.client.realm
    }

    /// Has the client ask for credit again (RAR, RFC 8506 §5.5): for all its services, or for the one whose Rating-Group or
    /// Service-Identifier is filled in. After DIAMETER_LIMITED_SUCCESS (2002) a CCR UPDATE follows; after
    /// DIAMETER_SUCCESS (2001) one is on its way already. `fill` is called at once.
    ///
    /// If the client does not know the session, the session is over: [`RoServer::expired`](super::RoServer::expired).
    ///
    /// # Errors
    /// [`RoError::Ended`] if the session is not open: it is over, or its INITIAL is not answered yet.
    /// [`RoError::Send`] if the RAR got no RAA.
    pub fn reauthorize(&self, fill: impl FnOnce(&mut ReAuthRequest)) -> RoFuture<ReAuthAnswer> {
        let mut rar = self.rar();
        fill(&mut rar);
        self.ask(rar, |raa| raa.result_code)
    }

    /// Has the client end the session (ASR, RFC 6733 §8.5). A client that complies answers DIAMETER_SUCCESS and sends a CCR
    /// TERMINATION. `fill` is called at once.
    ///
    /// # Errors
    /// As [`reauthorize`](Self::reauthorize).
    pub fn abort(&self, fill: impl FnOnce(&mut AbortSessionRequest)) -> RoFuture<AbortSessionAnswer> {
        let mut asr = self.asr();
        fill(&mut asr);
        self.ask(asr, |asa| asa.result_code)
    }

    pub(super) fn rar(&self) -> ReAuthRequest {
        let local = &self.home.local;
        let mut rar = ReAuthRequest::new(ReAuthRequestRequired {
            session_id: (&*self.id).into(),
            origin_host: local.origin_host.clone(),
            origin_realm: local.origin_realm.clone(),
            destination_realm: self.client.realm.clone(),
            destination_host: self.client.host.clone(),
            auth_application_id: CREDIT_CONTROL,
            re_auth_request_type: ReAuthRequestType::AUTHORIZE_ONLY,
        });
        rar.origin_state_id = local.origin_state_id;
        rar
    }

    pub(super) fn asr(&self) -> AbortSessionRequest {
        let local = &self.home.local;
        let mut asr = AbortSessionRequest::new(AbortSessionRequestRequired {
            session_id: (&*self.id).into(),
            origin_host: local.origin_host.clone(),
            origin_realm: local.origin_realm.clone(),
            destination_realm: self.client.realm.clone(),
            destination_host: self.client.host.clone(),
            auth_application_id: CREDIT_CONTROL,
        });
        asr.origin_state_id = local.origin_state_id;
        asr
    }

    fn ask<R>(&self, request: R, result_code: fn(&R::Answer) -> ResultCode) -> RoFuture<R::Answer>
    where
        R: Request + Send + Sync + 'static,
        R::Answer: Send,
    {
        let session = self.clone();
        Box::pin(async move {
            let table = &session.home.table;
            table.server_request(&session.id).map_err(|_| RoError::Ended)?;
            let node = session.home.node.get().and_then(Weak::upgrade).ok_or(SendError::ShutDown)?;
            let timeout: Duration = node.config.request_timeout;
            let answer = node.send(CREDIT_CONTROL, &request, timeout).await;
            match &answer {
                Ok(answer) => table.server_request_answered(&session.id, result_code(answer)),
                Err(SendError::Answered(error)) => table.server_request_answered(&session.id, error.result_code),
                // Whether the client lives is for Tcc to find out.
                Err(_) => {}
            }
            Ok(answer?)
        })
    }
}

impl fmt::Debug for ServedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServedSession").field("id", &self.id).field("client", &self.client.host).finish_non_exhaustive()
    }
}
