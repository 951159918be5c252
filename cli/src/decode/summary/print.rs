//! A summary as a table or as an object.

use super::{Latency, Summary, Tally};
use crate::decode::place;
use diametric_dissect::Dissector;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// What stands above the columns of numbers.
const COLUMNS: [&str; 12] = [
    "requests",
    "answers",
    "errors",
    "repeated",
    "unanswered",
    "unasked",
    "min ms",
    "mean ms",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "max ms",
];

impl Summary {
    /// A table for people.
    pub(crate) fn table(&self, names: &Dissector) -> String {
        let mut out = String::new();
        let [requests, answers] = self.totals();
        write_line(&mut out, format_args!("{} messages: {requests} requests, {answers} answers", requests + answers));
        match self.connections.len() {
            0 => {}
            1 => out.push_str("1 connection\n"),
            connections => write_line(&mut out, format_args!("{connections} connections")),
        }
        if let Some((first, last)) = self.span {
            let seconds = (last - first).as_secs_f64();
            write_line(&mut out, format_args!("{} to {}, {seconds:.3} s", moment(first), moment(last)));
        }
        if self.malformed > 0 {
            write_line(&mut out, format_args!("{} malformed: an AVP reaches beyond its message", self.malformed));
        }
        if self.commands.is_empty() {
            return out;
        }
        let heading = COLUMNS.map(str::to_owned).to_vec();
        let mut rows = vec![("command".to_owned(), heading)];
        for tally in &self.commands {
            rows.push((tally.title(names), tally.cells()));
            for (result, count) in &tally.results {
                rows.push((format!("  {}", result_title(*result, names)), vec![String::new(), count.to_string()]));
            }
        }
        let width =
            |cells: &mut dyn Iterator<Item = &String>| cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        let title = width(&mut rows.iter().map(|(title, _)| title));
        let widths: Vec<usize> = (0..COLUMNS.len())
            .map(|column| width(&mut rows.iter().filter_map(|(_, cells)| cells.get(column))))
            .collect();
        out.push('\n');
        for (name, cells) in &rows {
            let mut line = format!("{name:title$}");
            for (cell, width) in cells.iter().zip(&widths) {
                line.push_str(&format!("  {cell:>width$}"));
            }
            write_line(&mut out, format_args!("{}", line.trim_end()));
        }
        out
    }

    /// An object for programs.
    pub(crate) fn object(&self, names: &Dissector) -> Map<String, Value> {
        let [requests, answers] = self.totals();
        let mut object = Map::new();
        object.insert("messages".into(), json!(requests + answers));
        object.insert("requests".into(), json!(requests));
        object.insert("answers".into(), json!(answers));
        object.insert("malformed".into(), json!(self.malformed));
        object.insert("connections".into(), json!(self.connections.len()));
        object.insert("first".into(), json!(self.span.map(|(first, _)| moment(first))));
        object.insert("last".into(), json!(self.span.map(|(_, last)| moment(last))));
        object.insert("commands".into(), self.commands.iter().map(|tally| tally.object(names)).collect());
        object
    }

    fn totals(&self) -> [u64; 2] {
        self.commands
            .iter()
            .fold([0, 0], |[requests, answers], tally| [requests + tally.requests, answers + tally.answers])
    }
}

impl Tally {
    fn title(&self, names: &Dissector) -> String {
        let command = match names.command(self.application, self.code) {
            Some(command) => format!("{} ({}) {}", command.name, command.short, self.code),
            None => format!("unknown {}", self.code),
        };
        match names.application(self.application) {
            Some(name) => format!("{command} app {} ({name})", self.application),
            None => format!("{command} app {}", self.application),
        }
    }

    fn cells(&self) -> Vec<String> {
        let counts = [self.requests, self.answers, self.errors, self.repeated, self.unanswered, self.unasked];
        let latencies = match &self.latency {
            Some(latency) => latency.columns().map(|micros| format!("{}.{:03}", micros / 1000, micros % 1000)),
            None => [const { String::new() }; 6].map(|_| "-".to_owned()),
        };
        counts.map(|count| count.to_string()).into_iter().chain(latencies).collect()
    }

    fn object(&self, names: &Dissector) -> Value {
        let results = self.results.iter().map(|(result, count)| {
            let (vendor, value) = result.unzip();
            json!({"vendor": vendor, "value": value, "name": result.and_then(|result| label(result, names)), "count": count})
        });
        let latency = self.latency.as_ref().map(|latency| {
            let [min, mean, p50, p95, p99, max] = latency.columns();
            let count = latency.histogram.len();
            json!({"count": count, "min": min, "mean": mean, "p50": p50, "p95": p95, "p99": p99, "max": max})
        });
        json!({
            "command": names.command(self.application, self.code).map(|command| &command.name),
            "code": self.code,
            "application": self.application,
            "requests": self.requests,
            "answers": self.answers,
            "errors": self.errors,
            "repeated": self.repeated,
            "unanswered": self.unanswered,
            "unasked": self.unasked,
            "results": results.collect::<Vec<_>>(),
            "latency_us": latency,
        })
    }
}

impl Latency {
    fn columns(&self) -> [u64; 6] {
        let [p50, p95, p99] = [50.0, 95.0, 99.0].map(|percent| self.percentile(percent));
        [self.least, self.mean(), p50, p95, p99, self.most]
    }
}

fn label((vendor, code): (u32, u32), names: &Dissector) -> Option<&str> {
    let avp = names.avp(0, if vendor == 0 { 268 } else { 298 })?;
    avp.label(code.into())
}

fn result_title(result: Option<(u32, u32)>, names: &Dissector) -> String {
    let Some((vendor, code)) = result else { return "no result".to_owned() };
    let name = label((vendor, code), names).unwrap_or("unknown");
    if vendor == 0 { format!("{code} {name}") } else { format!("{code} {name} (vendor {vendor})") }
}

fn moment(at: std::time::Duration) -> String {
    let mut out = Vec::new();
    place::time(&mut out, at);
    String::from_utf8_lossy(&out).into_owned()
}

fn write_line(out: &mut String, line: std::fmt::Arguments<'_>) {
    // A String takes every write.
    let _ = writeln!(out, "{line}");
}
