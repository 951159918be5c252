//! A dictionary in our format, or that of go-diameter.

use super::convert::{Plan, PlanApplication, PlanAvp};
use super::raw::Bit;
use crate::grammar::type_name;
use crate::model::DataType;
use quick_xml::escape::escape;
use std::fmt::Write as _;

/// The dictionary as a file, with a note that says what it lacks. `origin` are the paths of Wireshark's files.
pub(super) fn dictionary(plan: &Plan, name: &str, origin: &[&str]) -> String {
    let names: Vec<&str> = origin.iter().map(|path| path.rsplit(['/', '\\']).next().unwrap_or(path)).collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let note = format!(
        "Converted from Wireshark's {}. Wireshark says neither how often a member occurs nor of what a command consists: the \
         members of all groups are optional and unbounded here, and other AVPs may stand among them. Give a rule \
         `required` and `max` where the vendor's specification does.",
        names.join(", ")
    );
    let _ = writeln!(out, "<!-- {} -->", comment(&note));
    match plan.alone {
        true => out.push_str("<diameter>\n  <application id=\"0\" name=\"Base\">\n"),
        false => {
            let _ = writeln!(out, "<diameter name=\"{}\">", escape(name));
        }
    }
    for vendor in &plan.vendors {
        let _ = write!(out, "  <vendor id=\"{}\" name=\"{}\"", vendor.id, escape(&vendor.name));
        if let Some(code) = vendor.code.as_ref().filter(|_| !plan.alone) {
            let _ = write!(out, " code=\"{}\"", escape(code));
        }
        out.push_str("/>\n");
    }
    if !plan.alone {
        applications(&mut out, plan);
    }
    let mut needed = false;
    for avp in &plan.avps {
        if avp.needed && !needed {
            needed = true;
            out.push_str("\n  <!-- What the groups above need of other vendors and applications. -->\n");
        }
        write_avp(&mut out, avp, plan.alone);
    }
    if plan.alone {
        out.push_str("  </application>\n");
        applications(&mut out, plan);
    }
    out.push_str("</diameter>\n");
    out
}

fn applications(out: &mut String, plan: &Plan) {
    for application in &plan.applications {
        write_application(out, application, plan.alone);
    }
}

fn write_application(out: &mut String, application: &PlanApplication, alone: bool) {
    let _ = write!(out, "  <application id=\"{}\" name=\"{}\"", application.id, escape(&application.name));
    if application.commands.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    for command in &application.commands {
        let _ = write!(
            out,
            "    <command code=\"{}\" short=\"{}\" name=\"{}\"",
            command.code,
            escape(&command.short),
            escape(&command.name)
        );
        if let Some(rust_name) = command.rust_name.as_ref().filter(|_| !alone) {
            let _ = write!(out, " rust-name=\"{rust_name}\"");
        }
        let any = any(alone);
        let _ = writeln!(out, "><request>{any}</request><answer>{any}</answer></command>");
    }
    out.push_str("  </application>\n");
}

fn any(alone: bool) -> &'static str {
    if alone { "<rule avp=\"AVP\"/>" } else { "<any/>" }
}

fn write_avp(out: &mut String, avp: &PlanAvp, alone: bool) {
    let _ = write!(out, "  <avp name=\"{}\" code=\"{}\"", escape(&avp.name), avp.code);
    if avp.vendor != 0 {
        let _ = write!(out, " vendor-id=\"{}\"", avp.vendor);
    }
    let v = if avp.vendor == 0 { Bit::MustNot } else { Bit::Must };
    for (attribute, wanted) in [("must", Bit::Must), ("may", Bit::May), ("must-not", Bit::MustNot)] {
        let flags = [("V", v), ("M", avp.mandatory), ("P", avp.protected)];
        let flags: Vec<&str> = flags.iter().filter(|(_, bit)| *bit == wanted).map(|(flag, _)| *flag).collect();
        if !flags.is_empty() {
            let _ = write!(out, " {attribute}=\"{}\"", flags.join(","));
        }
    }
    let _ = write!(out, " may-encrypt=\"{}\"", if avp.may_encrypt { "Y" } else { "N" });
    if let Some(rust_name) = avp.rust_name.as_ref().filter(|_| !alone) {
        let _ = write!(out, " rust-name=\"{rust_name}\"");
    }
    out.push('>');
    let doc = avp.doc.as_ref().filter(|_| !alone);
    let data_type = type_name(avp.data_type);
    if avp.items.is_empty() && avp.data_type != DataType::Grouped {
        if let Some(doc) = doc {
            let _ = write!(out, "<doc>{}</doc>", escape(doc));
        }
        let _ = writeln!(out, "<data type=\"{data_type}\"/></avp>");
        return;
    }
    out.push('\n');
    if let Some(doc) = doc {
        let _ = writeln!(out, "    <doc>{}</doc>", escape(doc));
    }
    let _ = writeln!(out, "    <data type=\"{data_type}\">");
    for item in &avp.items {
        let _ = write!(out, "      <item code=\"{}\" name=\"{}\"", item.value, escape(&item.label));
        if let Some(rust_name) = item.rust_name.as_ref().filter(|_| !alone) {
            let _ = write!(out, " rust-name=\"{rust_name}\"");
        }
        out.push_str("/>\n");
    }
    for member in &avp.members {
        let _ = write!(out, "      <rule avp=\"{}\"", escape(&member.name));
        if !alone {
            if let Some(vendor) = member.vendor {
                let _ = write!(out, " vendor=\"{vendor}\"");
            }
            out.push_str(" max=\"*\"");
            if let Some(rust_name) = &member.rust_name {
                let _ = write!(out, " rust-name=\"{rust_name}\"");
            }
        }
        out.push_str("/>\n");
    }
    if avp.data_type == DataType::Grouped {
        let _ = writeln!(out, "      {}", any(alone));
    }
    out.push_str("    </data>\n  </avp>\n");
}

/// What may stand in an XML comment.
fn comment(text: &str) -> String {
    text.replace("--", "- -").chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
