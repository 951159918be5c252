//! What a server does with the octets it receives: decode them strictly, and answer, whatever they are.
//!
//! A node does this by itself and hands handlers a typed request (see the example `charge-an-event`).

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use diametric::answer::{ErrorAnswer, Origin, RequestContext};
use diametric::base::ResultCode;
use diametric::codec::Known;
use diametric::credit_control::{Cca, Ccr, CreditControlAnswerRequired, GrantedServiceUnit};
use diametric::message;
use std::error::Error;

/// A CCR INITIAL as it came from the network, one AVP a line.
const REQUEST: &str = "
    010000f4 c0000110 00000004 11223344 55667788                            header
    00000107 4000001b 67772e65 78616d70 6c652e63 6f6d3b31 3b343200          Session-Id
    00000108 40000016 67772e65 78616d70 6c652e63 6f6d0000                   Origin-Host
    00000128 40000013 6578616d 706c652e 636f6d00                            Origin-Realm
    0000011b 40000013 6578616d 706c652e 6e657400                            Destination-Realm
    00000102 4000000c 00000004                                              Auth-Application-Id
    000001cd 40000016 33323235 31403367 70702e6f 72670000                   Service-Context-Id
    000001a0 4000000c 00000001                                              CC-Request-Type
    0000019f 4000000c 00000000                                              CC-Request-Number
    000001bb 4000002c 000001c2 4000000c 00000001                            Subscription-Id
             000001bc 40000017 30303130 31303132 33343536 37383900            Subscription-Id-Data
    000001c8 4000001c 000001b5 40000008 000001b0 4000000c 00000007          MSCC with Rating-Group 7";

fn main() -> Result<(), Box<dyn Error>> {
    let known = Known::standard();
    println!("as it should be:");
    serve(&octets(REQUEST)?, &known)?;

    // Rating-Group is Unsigned32, yet its length says that two octets are its value, the rest padding.
    println!("a Rating-Group of two octets:");
    serve(&octets(&REQUEST.replace("000001b0 4000000c 00000007", "000001b0 4000000a 00070000"))?, &known)?;

    // CC-Request-Type is closed: there is no fifth kind of request.
    println!("a CC-Request-Type of 5:");
    serve(&octets(&REQUEST.replace("000001a0 4000000c 00000001", "000001a0 4000000c 00000005"))?, &known)
}

fn serve(frame: &[u8], known: &Known) -> Result<(), Box<dyn Error>> {
    // Taken first, so that even a request that cannot be decoded has its answer.
    let context = RequestContext::of(frame).ok_or("not even a header")?;
    match message::decode::<Ccr>(frame, known) {
        Ok(request) => {
            let ccr = request.body;
            println!("  {} of {}", ccr.cc_request_type, ccr.session_id);
            let mut cca = Cca::new(CreditControlAnswerRequired {
                session_id: ccr.session_id,
                result_code: ResultCode::SUCCESS,
                origin_host: "ocs.example.net".into(),
                origin_realm: "example.net".into(),
                auth_application_id: ccr.auth_application_id,
                cc_request_type: ccr.cc_request_type,
                cc_request_number: ccr.cc_request_number,
            });
            cca.granted_service_unit = Some(GrantedServiceUnit::new().with_cc_time(600_u32));
            println!("  answer: {}", hex::encode(context.answer(&cca)?));
        }
        Err(error) => {
            // The error knows what RFC 6733 wants to be told of it: Result-Code and Failed-AVP.
            println!("  error: {error}");
            let us = Origin { host: &"ocs.example.net".into(), realm: &"example.net".into() };
            let frame = context.refuse::<Cca>(&us, &ErrorAnswer::from(&error), frame)?;
            // A CCA; or, where what it needs cannot be had from such a request, an answer-message with the E flag.
            match message::decode::<Cca>(&frame, known) {
                Ok(cca) => println!("  CCA: {}, Failed-AVP {:?}", cca.body.result_code, cca.body.failed_avp),
                Err(_) => {
                    let answer = message::decode_answer_message(&frame, known)?.body;
                    println!("  answer-message: {}, Failed-AVP {:?}", answer.result_code, answer.failed_avp);
                }
            }
        }
    }
    Ok(())
}

/// The words of eight hexadecimal digits in `text`.
fn octets(text: &str) -> Result<Vec<u8>, hex::FromHexError> {
    let words = text.split_whitespace().filter(|word| word.len() == 8 && word.bytes().all(|c| c.is_ascii_hexdigit()));
    hex::decode(words.collect::<String>())
}
