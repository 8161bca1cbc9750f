//! Secrets and keys, which come from a file or the environment, never from the settings themselves.

use std::{env, fs};

use super::Section;

/// The largest file of a key, in bytes.
const KEY_FILE_MAX: u64 = 64 * 1024;

impl Section<'_> {
    /// Returns a secret from the file that one key names, or from the environment variable that another key names. No fault
    /// shows any of the secret. White space at its end is not part of it.
    pub fn secret<T>(
        &self,
        file: &'static str,
        variable: &'static str,
        parse: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Option<T> {
        match (self.has(file), self.has(variable)) {
            (true, false) => self.file(file, |text| parse(text.trim_end().as_bytes())),
            (false, true) => self.text(variable, |name| {
                let text =
                    env::var(name).map_err(|_| format!("{name} is not in the environment"))?;
                parse(text.trim_end().as_bytes())
            }),
            (true, true) => {
                self.fault(file, format!("is set together with {variable}: set only one of them"));
                None
            }
            (false, false) => {
                self.fault(file, format!("is missing: set it or {variable}"));
                None
            }
        }
    }

    /// Returns the content of the file that a key names, parsed.
    pub fn file<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.text(key, |path| {
            parse(&read_text(path)?).map_err(|reason| format!("{path}: {reason}"))
        })
    }
}

fn read_text(path: &str) -> Result<String, String> {
    let failed = |error| format!("{path}: {error}");
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > KEY_FILE_MAX {
        return Err(format!("{path}: has {length} bytes, at most {KEY_FILE_MAX} are allowed"));
    }
    fs::read_to_string(path).map_err(failed)
}
