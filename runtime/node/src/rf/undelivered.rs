//! Records that could not be delivered, as the store keeps them.

use super::delivery::{self, Delivery, Frames, GRACE};
use crate::node::Shared;
use crate::store::{Fate, Kept};
use diametric_engine::rf::record::{Input, RecordConfig};
use diametric_engine::rf::{Cause, Outcome, SingleRecord, StoreOrder};
use diametric_protocol::accounting::{AccountingAnswer, AccountingRecordType};
use std::sync::Arc;
use std::time::Duration;

/// A record that waits.
pub(crate) struct Undelivered {
    session_id: Box<str>,
    record_type: AccountingRecordType,
    number: u32,
    frames: Frames,
    timeout: Duration,
}

impl Undelivered {
    pub(super) fn new(session_id: &str, order: StoreOrder, frames: Frames, timeout: Duration) -> Self {
        Self {
            session_id: session_id.into(),
            record_type: order.record_type,
            number: order.number,
            // Where the session was is no matter any more.
            frames: Frames { first: None, ..frames },
            timeout,
        }
    }

    /// Keeps it, in place of an older INTERIM of its session where the machine says so.
    pub(super) fn keep(self, shared: &Arc<Shared>, order: StoreOrder) {
        let session_id = self.session_id.clone();
        let replaces = |older: &Self| {
            Some(older.number) == order.replaces
                && older.record_type == AccountingRecordType::InterimRecord
                && older.session_id == session_id
        };
        shared.rf_store().push(shared, self, order.t_flag, replaces);
    }
}

impl Kept for Undelivered {
    async fn deliver(&self, node: &Arc<Shared>, t_flag: bool) -> Fate {
        let mut config = RecordConfig::default();
        config.request_timeout = self.timeout.saturating_add(GRACE);
        let mut machine = SingleRecord::stored_record(self.record_type, self.number, config);
        let first = Input::SendStored { t_flag };
        let done: Delivery<AccountingAnswer> =
            delivery::deliver(node, &mut machine, first, &self.frames, self.timeout).await;
        match done.outcome {
            Outcome::Stored(_) => Fate::Stays { t_flag: machine.stored().unwrap_or(true), reached: done.reached },
            Outcome::Lost(Cause::Refused(result_code)) => Fate::Lost(format!("refused with Result-Code {result_code}")),
            Outcome::Lost(Cause::SendFailed | Cause::TimedOut | Cause::Ended) => Fate::Lost("it cannot be sent".into()),
            Outcome::Acknowledged | Outcome::Superseded => Fate::Delivered,
        }
    }

    fn warn(&self, why: &str) {
        tracing::warn!(
            session_id = &*self.session_id,
            record = ?self.record_type,
            number = self.number,
            "an accounting record is lost: {why}"
        );
    }
}
