//! Rust names of what is imported: legal, and each once.

use crate::naming;
use std::collections::HashSet;

/// The type names of the dictionary to be. AVPs and commands may come to stand in one module, so that all count together.
#[derive(Debug, Default)]
pub(super) struct TypeNames {
    taken: HashSet<String>,
}

impl TypeNames {
    /// The name to give an AVP by hand, where the one made from its name is impossible or taken.
    pub(super) fn avp(&mut self, name: &str, group: bool, vendor: &str, code: u32) -> Option<String> {
        let natural = naming::type_name(name).ok();
        let base = natural.clone().unwrap_or_else(|| naming::forced_type_name(name));
        let companions = |name: &str| if group { vec![naming::required_name(name)] } else { Vec::new() };
        let found = self.claim([base.clone(), format!("{base}{vendor}"), format!("{base}{vendor}{code}")], &companions);
        (natural.as_ref() != Some(&found)).then_some(found)
    }

    /// The name to give a command by hand, where that is needed, and its abbreviation.
    pub(super) fn command(&mut self, name: &str, code: u32) -> (Option<String>, String) {
        let messages = |name: &str| ["Request", "Answer"].map(|word| format!("{name}{word}"));
        let companions = |name: &str| {
            let messages = messages(name);
            messages.iter().map(|name| naming::required_name(name)).chain(messages.clone()).collect()
        };
        let natural = naming::type_name(name).ok();
        let base = natural.clone().unwrap_or_else(|| naming::forced_type_name(name));
        let found = self.claim([base.clone(), format!("{base}Command"), format!("{base}{code}")], &companions);
        // The name alone is no type, only what it is the beginning of.
        self.taken.remove(&found);
        let rust_name = (natural.as_ref() != Some(&found)).then_some(found);
        (rust_name, self.abbreviation(name, code))
    }

    /// The initials of a name, with something behind where others have them.
    fn abbreviation(&mut self, name: &str, code: u32) -> String {
        let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let initials: String = words
            .filter_map(|word| word.chars().find(char::is_ascii_alphabetic))
            .collect::<String>()
            .to_ascii_uppercase();
        let initials = if initials.is_empty() { "C".to_owned() } else { initials };
        for candidate in [initials.clone(), format!("{initials}X{code}X"), format!("{initials}Y{code}Y")] {
            let aliases = ["R", "A"].map(|half| naming::type_name(&format!("{candidate}{half}")));
            let [Ok(request), Ok(answer)] = aliases else { continue };
            if !self.taken.contains(&request) && !self.taken.contains(&answer) {
                self.taken.extend([request, answer]);
                return candidate;
            }
        }
        initials
    }

    /// The first candidate that is free together with its companions.
    fn claim<const N: usize>(&mut self, candidates: [String; N], companions: &dyn Fn(&str) -> Vec<String>) -> String {
        let mut name = candidates[N - 1].clone();
        let free = |taken: &HashSet<String>, name: &str| {
            naming::check_type_name(name).is_ok()
                && !taken.contains(name)
                && companions(name).iter().all(|companion| !taken.contains(companion))
        };
        match candidates.into_iter().find(|candidate| free(&self.taken, candidate)) {
            Some(candidate) => name = candidate,
            None => {
                while !free(&self.taken, &name) {
                    name.push('X');
                }
            }
        }
        self.taken.extend(companions(&name));
        self.taken.insert(name.clone());
        name
    }
}
