//! `--spec`: a shipped spec, or a file.

use std::path::Path;

use clap::Args;

use super::beginning;
use super::failure::Failure;
use crate::iso8583::{Spec, SpecError};
use crate::spelling::did_you_mean;
use crate::values::Currency;

const DEFAULT: &str = "nusantara";

/// The option of every command that reads or writes messages.
#[derive(Args)]
pub(super) struct SpecOption {
    /// Spec of the network: nusantara, rendezvous, holdfast, or a file [default: nusantara]
    #[arg(long, value_name = "NAME|FILE")]
    spec: Option<String>,
}

impl SpecOption {
    /// Returns whether the user did not choose a spec.
    pub(super) const fn is_default(&self) -> bool {
        self.spec.is_none()
    }

    /// Compiles the spec.
    pub(super) fn load(&self) -> Result<Spec, Failure> {
        let named = self.spec.as_deref().unwrap_or(DEFAULT);
        let shipped = Spec::SHIPPED.into_iter().find(|(name, _)| *name == named);
        match shipped {
            Some((name, text)) => Spec::parse(name, text).map_err(|error| failure(&error)),
            None if Path::new(named).exists() => {
                Spec::load(Path::new(named)).map_err(|error| failure(&error))
            }
            None => Err(neither(named).into()),
        }
    }
}

/// Returns a failure with one line per fault.
pub(super) fn failure(error: &SpecError) -> Failure {
    Failure::Input(error.to_string().lines().map(str::to_owned).collect())
}

fn neither(named: &str) -> String {
    let shipped = Spec::SHIPPED.map(|(name, _)| name);
    format!(
        "--spec {}: not a file and not a shipped spec ({}){}",
        beginning(named),
        shipped.join(", "),
        did_you_mean(named, shipped)
    )
}

/// Returns the compiled shipped specs with their names.
pub(super) fn shipped() -> impl Iterator<Item = (&'static str, Spec)> {
    Spec::SHIPPED.into_iter().filter_map(|(name, text)| Some((name, Spec::parse(name, text).ok()?)))
}

/// Returns the name and decimals of a currency from the shipped specs; of an unknown currency its code and 0.
pub(super) fn currency_label(currency: Currency) -> (String, usize) {
    let code = currency.to_string();
    let found = shipped().find_map(|(_, spec)| {
        spec.currency(&code).map(|named| (named.name.clone(), named.decimals))
    });
    found.unwrap_or((code, 0))
}
