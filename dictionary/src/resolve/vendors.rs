//! Vendors, and references to them by number, code or name.

use super::Resolver;
use crate::diagnostics::{Diagnostic, catalogue, did_you_mean};
use crate::model::{FileId, Vendor, VendorId};
use crate::reader::ast::{Spanned, Style};

impl<'a> Resolver<'a, '_> {
    pub(super) fn vendors(&mut self) {
        for document in self.documents {
            for declared in &document.vendors {
                let id = declared.id.value;
                let Some(&index) = self.vendor_ids.get(&id) else {
                    self.vendor_ids.insert(id, self.dictionary.vendors.len());
                    self.dictionary.vendors.push(Vendor {
                        id,
                        name: declared.name.clone().unwrap_or_else(|| format!("Vendor {id}")),
                        code: declared.code.clone(),
                        span: declared.span,
                    });
                    continue;
                };
                let known = &mut self.dictionary.vendors[index];
                let same_name = declared.name.as_ref().is_none_or(|name| *name == known.name);
                let same_code = match (&declared.code, &known.code) {
                    (Some(declared), Some(known)) => declared == known,
                    _ => true,
                };
                if known.code.is_none() && document.style == Style::Own {
                    known.code.clone_from(&declared.code);
                }
                // Names of vendors in go-diameter's files are nobody's authority.
                let first = known.span;
                let first_is_own = self.documents[first.file.0].style == Style::Own;
                if !(same_name && same_code) && document.style == Style::Own && first_is_own {
                    let message = format!("vendor {id} is declared with another name or code already");
                    self.report(
                        Diagnostic::error(catalogue::VENDOR_CONFLICT, declared.span, message)
                            .also(first, "first declared")
                            .help("declare it once, or the same way each time"),
                    );
                }
            }
        }
    }

    /// The vendor meant by a number, a code or a name; `Err` once it has been reported, with the number if it is one.
    pub(super) fn vendor(&mut self, file: FileId, reference: &Spanned<String>) -> Result<VendorId, Option<VendorId>> {
        let text = reference.value.as_str();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let Ok(id) = text.parse::<VendorId>() else {
                self.report(
                    Diagnostic::error(
                        catalogue::NUMBER_OUT_OF_RANGE,
                        reference.span,
                        format!("the vendor {text} is out of range"),
                    )
                    .help(format!("it may be 0 to {}", u32::MAX)),
                );
                return Err(None);
            };
            if id == 0 || self.vendor_ids.contains_key(&id) {
                self.use_vendor(file, id);
                return Ok(id);
            }
            let message = format!("no vendor {id} is declared");
            let diagnostic = self.mistake(catalogue::UNKNOWN_VENDOR, reference.span, message);
            self.not_found(file, diagnostic.help(format!("add `<vendor id=\"{id}\" name=\"…\"/>`")));
            return Err(Some(id));
        }
        let by_text = |vendor: &&Vendor| vendor.code.as_deref() == Some(text) || vendor.name == text;
        if let Some(vendor) = self.dictionary.vendors.iter().find(by_text) {
            let id = vendor.id;
            self.use_vendor(file, id);
            return Ok(id);
        }
        let known = self
            .dictionary
            .vendors
            .iter()
            .flat_map(|vendor| std::iter::once(vendor.name.as_str()).chain(vendor.code.as_deref()));
        let help = did_you_mean(text, known)
            .unwrap_or_else(|| format!("add `<vendor id=\"…\" name=\"{text}\"/>`, or give the vendor's number"));
        let message = format!("no vendor `{text}` is declared");
        let diagnostic = self.mistake(catalogue::UNKNOWN_VENDOR, reference.span, message);
        self.not_found(file, diagnostic.help(help));
        Err(None)
    }

    /// How people are told of a vendor.
    pub(super) fn vendor_label(&self, id: VendorId) -> String {
        match self.vendor_ids.get(&id) {
            _ if id == 0 => "vendor 0".to_owned(),
            Some(&index) => format!("vendor {id}, {}", self.dictionary.vendors[index].name),
            None => format!("vendor {id}"),
        }
    }

    fn use_vendor(&mut self, file: FileId, id: VendorId) {
        let documents: &'a [_] = self.documents;
        self.use_imports(file, |target| documents[target.0].vendors.iter().any(|vendor| vendor.id.value == id));
    }
}
