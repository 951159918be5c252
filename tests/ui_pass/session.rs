//! A session from its first request to its last, with the standard CCR.

use diametric::base::{ResultCode, TerminationCause};
use diametric::credit_control::{CreditControlFailureHandling, MultipleServicesCreditControl, UsedServiceUnit};
use diametric::ro::{Opened, Ro, RoError, imsi};

pub async fn session(ro: Ro) -> Result<(), RoError> {
    ro.on_reauth(|session, rar| async move {
        rar.answer(ResultCode::LIMITED_SUCCESS).await;
        let _ = session.update(|_| ()).await;
    });
    let service = ro
        .service("32251@3gpp.org")
        .subscription(imsi("001010123456789"))
        .failure_handling(CreditControlFailureHandling::CONTINUE);
    let session = match service.initial(|ccr| ccr.service_identifier = Some(17)).await? {
        Opened::Granted { session, answer } => {
            assert!(answer.result_code.0 < 3000);
            session
        }
        Opened::Uncontrolled { session, .. } => session,
    };
    let used = UsedServiceUnit::new().with_cc_total_octets(1000_u64);
    session
        .update(|ccr| {
            let service = MultipleServicesCreditControl::new().with_rating_group(7_u32).with_used_service_unit(used);
            ccr.multiple_services_credit_control.push(service);
        })
        .await?;
    session.terminate(|ccr| ccr.termination_cause = Some(TerminationCause::LOGOUT)).await?;
    Ok(())
}

fn main() {}
