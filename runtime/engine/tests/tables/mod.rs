//! The state tables beside this file: a row for each thing that can happen in a state, with what then is done.

/// A row of a table.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) state: &'static str,
    pub(crate) event: &'static str,
    pub(crate) action: &'static str,
    pub(crate) next: &'static str,
}

/// The rows of one machine in `table`. They are `prefix`01 to the last one, none left out.
pub(crate) fn rows(table: &'static str, machine: &str, prefix: &str, last: usize) -> Vec<Row> {
    let rows = table.lines().skip(1).map(|line| {
        let mut quoted = false;
        let between = |c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        };
        let fields: Vec<_> = line.split(between).map(|field| field.trim_matches('"')).collect();
        let [id, of, state, event, action, next] = fields[..] else { panic!("six fields: {line}") };
        (of, Row { id, state, event, action, next })
    });
    let rows: Vec<Row> = rows.filter(|(of, _)| *of == machine).map(|(_, row)| row).collect();
    let ids: Vec<&str> = rows.iter().map(|row| row.id).collect();
    let expected: Vec<String> = (1..=last).map(|number| format!("{prefix}{number:02}")).collect();
    assert_eq!(ids, expected);
    rows
}
