//! The layers of settings. The files override the defaults, the environment overrides the files, and the command line
//! overrides all.

use std::path::PathBuf;

use config::builder::DefaultState;
use config::{Config, ConfigBuilder, File, FileFormat, Value, ValueKind};

use super::Fault;

/// The prefix of the environment variables that are settings.
const PREFIX: &str = "TITIAN__";

/// The sources of settings. Each overrides those before it.
#[derive(Clone, Debug)]
pub struct Layers {
    /// The default settings of the program.
    pub defaults: &'static str,
    /// Files; each overrides those before it.
    pub files: Vec<PathBuf>,
    /// `key=value` of the command line.
    pub set: Vec<String>,
}

impl Layers {
    /// Returns all layers as one tree. Environment variables such as `TITIAN__API__LISTEN` come between files and command
    /// line. Each value has its origin.
    ///
    /// # Errors
    /// The faults of every layer that can't be parsed.
    pub fn tree(
        &self,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Value, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut config =
            Config::builder().add_source(File::from_str(self.defaults, FileFormat::Toml));
        for file in &self.files {
            let source = File::from(file.as_path()).format(FileFormat::Toml);
            match Config::builder().add_source(source.clone()).build() {
                Ok(_) => config = config.add_source(source),
                Err(error) => faults.push(Fault::of(&file.display().to_string(), &error)),
            }
        }
        let variables = environment.filter_map(|(name, value)| {
            let key = name.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".");
            Some((name, key, value))
        });
        let set = self.set.iter().map(|set| {
            let (key, value) = set.split_once('=').unwrap_or((set, ""));
            (String::from("--set"), key.trim().to_owned(), value.trim().to_owned())
        });
        for (origin, key, value) in variables.chain(set) {
            config = match override_key(config, &origin, &key, &value) {
                Ok(config) => config,
                Err((config, fault)) => {
                    faults.push(fault);
                    *config
                }
            };
        }
        match config.build() {
            Ok(config) if faults.is_empty() => Ok(config.cache),
            Ok(_) => Err(faults),
            Err(error) => {
                faults.push(Fault::of("settings", &error));
                Err(faults)
            }
        }
    }
}

type Builder = ConfigBuilder<DefaultState>;

/// Overrides a key. The value is a text, or a list of texts: `[a, b]`.
fn override_key(
    config: Builder,
    origin: &str,
    key: &str,
    value: &str,
) -> Result<Builder, (Box<Builder>, Fault)> {
    let text = |text: &str| {
        let bare = text.trim().trim_matches('"');
        Value::new(Some(&origin.to_owned()), ValueKind::String(bare.to_owned()))
    };
    let list = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
    let value = match list {
        Some(list) => {
            let items = list.split(',').filter(|item| !item.trim().is_empty()).map(text).collect();
            Value::new(Some(&origin.to_owned()), ValueKind::Array(items))
        }
        None => text(value),
    };
    config.clone().set_override(key, value).map_err(|_| {
        let reason = "is not a key: write section.key=value".to_owned();
        (Box::new(config), Fault { file: origin.to_owned(), key: key.to_owned(), reason })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Faults, Section};

    fn layers(set: &[&str]) -> Layers {
        let set = set.iter().map(|set| (*set).to_owned()).collect();
        Layers { defaults: "[limits]\nopen = 5\nwait = '1s'\n", files: Vec::new(), set }
    }

    fn read(layers: &Layers, environment: &[(&str, &str)]) -> (Option<i64>, Vec<String>) {
        let pairs = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let tree = layers.tree(pairs).unwrap();
        let faults = Faults::default();
        let open = Section::top("default", &tree, &faults).and_then(|top| {
            let limits = top.section("limits")?;
            limits.time("wait");
            limits.number("open", &(1..=9))
        });
        (open, faults.all().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn each_layer_overrides_those_before_it() {
        let variable = [("TITIAN__LIMITS__OPEN", "6"), ("TITIANIC", "7")];
        assert_eq!(read(&layers(&[]), &[]), (Some(5), vec![]));
        assert_eq!(read(&layers(&[]), &variable), (Some(6), vec![]));
        assert_eq!(read(&layers(&["limits.open=8"]), &variable), (Some(8), vec![]));
    }

    #[test]
    fn a_fault_names_its_layer() {
        let (_, faults) = read(&layers(&["limits.open=80"]), &[("TITIAN__LIMITS__OPNE", "6")]);
        assert_eq!(
            faults,
            [
                "--set: limits.open: is not a number from 1 to 9",
                "TITIAN__LIMITS__OPNE: limits.opne: unknown key; did you mean open?",
            ]
        );
    }

    #[test]
    fn a_wrong_key_and_a_missing_file_are_faults() {
        let mut layers = layers(&["..=3"]);
        layers.files.push("no/such/file.toml".into());
        let faults = layers.tree(std::iter::empty()).unwrap_err();
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults.iter().any(|fault| fault.contains("--set: ..: is not a key")), "{faults:?}");
    }
}
