//! A dictionary as one page for a browser, with everything in it.

use super::json;
use diametric_dictionary::model::Dictionary;

/// The page, with places for the data and the style and script that go with them.
const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub(super) fn page(dictionary: &Dictionary) -> String {
    // Inside of a script element no `<` may stand, lest it looks like the end of that element.
    let data = json::dictionary(dictionary).to_string().replace('<', "\\u003c");
    let mut page = PAGE.replace("{{STYLE}}", STYLE).replace("{{SCRIPT}}", SCRIPT);
    // Last, so that nothing is looked for in the data.
    if let Some(at) = page.find("{{DATA}}") {
        page.replace_range(at..at + "{{DATA}}".len(), &data);
    }
    page
}
