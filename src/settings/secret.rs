//! Secrets and keys, which come from a file or the environment, never from the settings themselves. No fault shows any of
//! them.

use std::env;
use std::path::Path;

use super::Section;
use crate::private_files::{Access, FileFault, read};
use crate::secrets::{weakness, without_line_end};

/// A secret as it was found.
struct Given {
    /// The key that names its file or variable.
    key: &'static str,
    /// What its faults begin with: the path, if it is in a file.
    place: String,
    text: String,
}

impl Section<'_> {
    /// Returns a secret from the file that one key names, or from the environment variable that another key names. One line end
    /// is not part of it. A weak secret is a fault, and one that another key of the settings has too.
    pub fn secret<T>(
        &self,
        file: &'static str,
        variable: &'static str,
        parse: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Option<T> {
        self.checked((file, variable), "; `titian keys new` makes it", |given, secret| {
            let parsed = parse(secret.as_bytes())?;
            if let Some(weakness) = weakness(secret) {
                return Err(format!("{weakness}: make a random one with `titian keys new`"));
            }
            match self.faults.secrets.add(self.path_of(given.key), secret) {
                Some(other) => Err(format!("is the secret of {other} too: each needs its own")),
                None => Ok(parsed),
            }
        })
    }

    /// Returns a private key in PEM as [`Self::secret`] does. Several keys of the settings may name the same one.
    pub fn private_key<T>(
        &self,
        file: &'static str,
        variable: &'static str,
        parse: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Option<T> {
        self.checked((file, variable), "", |_, secret| parse(secret.as_bytes()))
    }

    fn checked<T>(
        &self,
        keys: (&'static str, &'static str),
        if_missing: &str,
        check: impl Fn(&Given, &str) -> Result<T, String>,
    ) -> Option<T> {
        let given = self.given(keys, if_missing)?;
        let secret = without_line_end(&given.text);
        self.note_content(given.key, secret.as_bytes());
        let checked = check(&given, secret);
        let Given { key, place, .. } = &given;
        checked.map_err(|reason| self.fault(key, format!("{place}{reason}"))).ok()
    }

    /// Reads a secret. `if_missing` follows the fault of a file that does not exist.
    fn given(
        &self,
        (file, variable): (&'static str, &'static str),
        if_missing: &str,
    ) -> Option<Given> {
        match (self.has(file), self.has(variable)) {
            (true, false) => self.text(file, |path| {
                let text = read(Path::new(path), Access::Secret).map_err(|fault| match fault {
                    FileFault::Missing(_) => format!("{fault}{if_missing}"),
                    _ => fault.to_string(),
                })?;
                Ok(Given { key: file, place: format!("{path}: "), text })
            }),
            (false, true) => self.text(variable, |name| {
                let text =
                    env::var(name).map_err(|_| format!("{name} is not in the environment"))?;
                Ok(Given { key: variable, place: String::new(), text })
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

    /// Returns the content of the public file that a key names, parsed: a public key or a certificate.
    pub fn file<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.text(key, |path| self.public(key, path, &parse))
    }

    /// Returns the content of each public file that a key names, parsed.
    pub fn files<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        self.texts(key, |path| self.public(key, path, &parse))
    }

    fn public<T>(
        &self,
        key: &str,
        path: &str,
        parse: &impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        let text = read(Path::new(path), Access::Public).map_err(|fault| fault.to_string())?;
        self.note_content(key, text.as_bytes());
        parse(&text).map_err(|reason| format!("{path}: {reason}"))
    }
}
