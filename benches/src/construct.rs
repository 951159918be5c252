//! A workload as an application makes it: from plain values, by field.

use diametric_protocol::codec::{ExtraAvp, Group};
use diametric_protocol::credit_control::{
    CcRequestType, CreditControlRequest, CreditControlRequestRequired, MultipleServicesIndicator, RequestedServiceUnit,
    SubscriptionId, SubscriptionIdRequired, SubscriptionIdType, UserEquipmentInfo, UserEquipmentInfoRequired,
    UserEquipmentInfoType,
};
use diametric_protocol::ts29061::TgppPdpType;
use diametric_protocol::ts32299::PsInformation;
use diametric_protocol::value::Time;
use diametric_protocol::wire::AvpFlags;
use std::net::Ipv4Addr;

/// The CCR INITIAL of [`w2`](crate::w2).
pub fn ccr_initial() -> CreditControlRequest {
    let mut ccr = CreditControlRequest::new(CreditControlRequestRequired {
        session_id: "gw-04.core.example.org;1790000000;77;data-000-0042".into(),
        origin_host: "gw-04.core.example.org".into(),
        origin_realm: "core.example.org".into(),
        destination_realm: "billing.example.com".into(),
        auth_application_id: 4,
        service_context_id: "32251@3gpp.org".into(),
        cc_request_type: CcRequestType::InitialRequest,
        cc_request_number: 0,
    });
    ccr.destination_host = Some("ocs-2.billing.example.com".into());
    ccr.user_name = Some("001010123456789@nai.xyz".into());
    ccr.origin_state_id = Some(1_790_000_000);
    ccr.event_timestamp = Some(Time::from_ntp_seconds(3_998_000_000));
    ccr.subscription_id = [
        subscription(SubscriptionIdType::END_USER_E164, "15550123456"),
        subscription(SubscriptionIdType::END_USER_IMSI, "001010123456789"),
    ]
    .into();
    ccr.multiple_services_indicator = Some(MultipleServicesIndicator::MULTIPLE_SERVICES_SUPPORTED);
    let service = ccr.multiple_services_credit_control.push_default();
    service.requested_service_unit = Some(RequestedServiceUnit::new());
    service.rating_group = Some(7);
    ccr.user_equipment_info = Some(UserEquipmentInfo::new(UserEquipmentInfoRequired {
        user_equipment_info_type: UserEquipmentInfoType::IMEISV,
        user_equipment_info_value: b"3520990017614823".into(),
    }));
    fill(ccr.service_information.get_or_insert_default().ps_information.get_or_insert_default());
    ccr
}

fn subscription(subscription_id_type: SubscriptionIdType, number: &str) -> SubscriptionId {
    SubscriptionId::new(SubscriptionIdRequired { subscription_id_type, subscription_id_data: number.into() })
}

fn fill(ps: &mut PsInformation) {
    ps.tgpp_charging_id = Some([0x0d, 0x0c, 0x0b, 0x0a].into());
    ps.tgpp_pdp_type = Some(TgppPdpType::IPV4);
    ps.pdp_address = Ipv4Addr::new(10, 20, 30, 40).into();
    ps.sgsn_address = Ipv4Addr::new(198, 51, 100, 1).into();
    ps.ggsn_address = Ipv4Addr::new(198, 51, 100, 2).into();
    ps.tgpp_imsi_mcc_mnc = Some("00142".into());
    ps.tgpp_ggsn_mcc_mnc = Some("00142".into());
    ps.tgpp_nsapi = Some(b"5".into());
    ps.called_station_id = Some("internet.mnc042".into());
    ps.tgpp_selection_mode = Some("0".into());
    ps.tgpp_charging_characteristics = Some("0400".into());
    ps.tgpp_sgsn_mcc_mnc = Some("00142".into());
    ps.tgpp_ms_timezone = Some([0x40, 0x00].into());
    ps.tgpp_user_location_info =
        Some([0x82, 0x00, 0xf1, 0x24, 0x12, 0x34, 0x00, 0xf1, 0x24, 0x00, 0x11, 0x22, 0x33].into());
    ps.tgpp_rat_type = Some([6].into());
    // The AVP that the grammar no longer lists.
    ps.extras_mut().push(ExtraAvp::new(5, 10415, AvpFlags::NONE, "08-48080000061a800000c350"));
}
