//! One-time events: one record, EVENT, no state kept.

use super::delivery::{self, Delivery, GRACE};
use super::service::{AcrForm, Service, Stamp};
use super::undelivered::Undelivered;
use super::{Delivered, RfError};
use diametric_engine::rf::record::{Input, RecordConfig};
use diametric_engine::rf::{Outcome, SingleRecord};
use diametric_protocol::accounting::AccountingRecordType;
use tokio::sync::oneshot;

/// Sends the event in a task of its own: it is delivered or kept also when nobody waits any more.
pub(super) async fn run<F: AcrForm>(service: Service, mut acr: F) -> Result<Delivered<F::Answer>, RfError> {
    let session_id = service.shared.new_session_id();
    let record_type = AccountingRecordType::EventRecord;
    let frames = service.encode(&mut acr, Stamp { session_id: &session_id, record_type, number: 0 }, None)?;
    drop(acr);
    let (reply, result) = oneshot::channel();
    tokio::spawn(async move {
        let (shared, timeout) = (&service.shared, service.settings.timeout);
        let mut config = RecordConfig::default();
        config.request_timeout = timeout.saturating_add(GRACE);
        config.resends = service.settings.resends;
        config.buffer_space = shared.rf_store().keeps();
        let mut machine = SingleRecord::event(config);
        let done: Delivery<F::Answer> = delivery::deliver(shared, &mut machine, Input::Start, &frames, timeout).await;
        if let Some(order) = done.store {
            Undelivered::new(&session_id, order, frames, timeout).keep(shared, order);
        }
        let error = done.error.unwrap_or(RfError::Ended);
        let result = match (done.outcome, done.answer) {
            (Outcome::Acknowledged, Some(answer)) => Ok(Delivered::Acknowledged(answer)),
            (Outcome::Stored(_), _) => Ok(Delivered::Stored(error)),
            _ => Err(error),
        };
        // Whoever asked may have stopped waiting.
        let _ = reply.send(result);
    });
    result.await.map_err(|_| RfError::Ended)?
}
