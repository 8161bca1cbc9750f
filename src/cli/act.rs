//! `titian act --offline`: acts of two operators who cannot sign in, such as the first administrators.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};

use super::failure::{self, Failure};
use super::layers::{LayersOption, failure};
use super::store::StoreOption;
use crate::admin::{NewInvitation, new_invitation};
use crate::clock::Clock;
use crate::control::{NewOperator, OfflineAct, PeopleCommand, PersonId};
use crate::hex::unhex;
use crate::journal::open_to_read;
use crate::private_files::{self, Access};
use crate::secrets::without_line_end;
use crate::signing::SigningKey;
use crate::values::{Name, iso_moment};

const EXAMPLES: &str = "\
Examples:
  titian keys new operator --name e17 --dir keys       each operator, on an own machine
  titian act --offline prepare --store sqlite://titian.db --out act.json \\
      --administrator e17='Siti Rahma' --administrator e23='Budi Santoso' --reason 'first start'
  titian act --offline sign --person e17 --key keys/e17.operator.key act.json
  titian act --offline sign --person e23 --key keys/e23.operator.key act.json
  titian act --offline check --config titian.toml act.json

Stop the adapter, prepare the act, let both operators sign it, and set
keys.offline_act_file to it: the next start commits it. It holds for this state of
this store only. `prepare` prints the enrolment secret of each person, once.";

/// Prepare, sign and check an offline act; the next start commits it
#[derive(Args)]
#[command(after_help = "Examples: titian act --help", after_long_help = EXAMPLES)]
pub(super) struct Act {
    /// The act is signed with operators' keys, and committed by the next start
    #[arg(long, required = true)]
    offline: bool,

    #[command(subcommand)]
    command: ActCommand,
}

#[derive(Subcommand)]
enum ActCommand {
    /// Prepare the enrolment of the first two administrators
    Prepare {
        #[command(flatten)]
        store: StoreOption,
        /// An administrator; two are needed
        #[arg(long, value_name = "ID=NAME", required = true)]
        administrator: Vec<String>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// How long the act holds
        #[arg(long, value_name = "HOURS", default_value_t = 24)]
        hours: u32,
        /// Where to write it
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Sign an act
    Sign {
        /// Your id
        #[arg(long, value_name = "ID")]
        person: String,
        /// Your key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The act
        file: PathBuf,
    },
    /// Check what the next start will say
    Check {
        #[command(flatten)]
        layers: LayersOption,
        /// The act
        file: PathBuf,
    },
}

impl Act {
    pub(super) fn run(&self) -> Result<(), Failure> {
        match &self.command {
            ActCommand::Prepare { store, administrator, reason, hours, out } => {
                let against = against(&store.url()?)?;
                prepare(administrator, reason, *hours, (&against, out))
            }
            ActCommand::Sign { person, key, file } => sign(person, key, file),
            ActCommand::Check { layers, file } => {
                let settings = layers.load().map_err(|faults| failure(&faults))?;
                let act = read(file)?;
                let against = against(&settings.store.url)?;
                let signers = act.check(&settings.keys.operators, &against, Clock::new().now());
                let [one, other] =
                    signers.map_err(|refusal| Failure::Negative(refusal.to_string()))?;
                failure::write(&format!(
                    "Signed by {} and {}. The next start commits it: set keys.offline_act_file = {:?}\n",
                    one.as_str(),
                    other.as_str(),
                    file.display().to_string()
                ))
            }
        }
    }
}

/// Returns the state of a store that an act is made against.
fn against(store: &crate::journal::StoreUrl) -> Result<Box<str>, Failure> {
    if !store.path().exists() {
        let line =
            "the store does not exist: start the adapter once and stop it, then prepare the act";
        return Err(format!("{}: {line}", store.path().display()).into());
    }
    let stored = open_to_read(store).map_err(|error| error.to_string())?;
    let end = stored.end().map_err(|error| error.to_string())?;
    let head = end.map(|(signed, _)| signed.statement.head).unwrap_or_default();
    Ok(OfflineAct::against(stored.chain_id(), head))
}

fn prepare(
    administrators: &[String],
    reason: &str,
    hours: u32,
    (against, out): (&str, &Path),
) -> Result<(), Failure> {
    let mut text = String::new();
    let mut all = Vec::new();
    for administrator in administrators {
        let parsed = administrator.split_once('=');
        let parsed = parsed.and_then(|(id, name)| Some((PersonId::new(id)?, Name::new(name)?)));
        let (person, name) = parsed.ok_or_else(|| {
            format!("--administrator {administrator}: must be ID=NAME, such as e17='Siti Rahma'")
        })?;
        let NewInvitation { hash, text: secret } =
            new_invitation().map_err(|error| format!("no random numbers: {error}"))?;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Enrolment secret of {}, shown once: {secret}", person.as_str());
        all.push(NewOperator { person, name, enrolment: hash });
    }
    let administrators = <[NewOperator; 2]>::try_from(all)
        .map_err(|all| format!("--administrator: name two (got {})", all.len()))?;
    let command = PeopleCommand::FirstAdministrators { administrators };
    let command = serde_json::to_string(&command).map_err(|error| error.to_string())?;
    let expires_at = Clock::new().now().after(Duration::from_secs(u64::from(hours) * 3600));
    let act = OfflineAct {
        command: command.into(),
        reason: reason.into(),
        against: against.into(),
        expires_at,
        signatures: Vec::new(),
    };
    write(out, &act)?;
    let _ = writeln!(text, "{} holds until {}.", out.display(), iso_moment(expires_at));
    failure::write(&text)
}

fn sign(person: &str, key: &Path, file: &Path) -> Result<(), Failure> {
    let id = PersonId::new(person).ok_or_else(|| format!("--person {person}: is not an id"))?;
    let text = private_files::read(key, Access::Secret).map_err(|fault| fault.to_string())?;
    let seed = unhex(without_line_end(&text));
    let seed = seed.ok_or_else(|| format!("{}: is not an operator's key", key.display()))?;
    let mut act = read(file)?;
    act.sign(&id, &SigningKey::from_seed(&seed));
    write(file, &act)?;
    failure::write(&format!("{}: {} signatures\n", file.display(), act.signatures.len()))
}

fn read(file: &Path) -> Result<OfflineAct, Failure> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let act = serde_json::from_str(&text);
    Ok(act.map_err(|error| format!("{}: is not an offline act: {error}", file.display()))?)
}

/// Writes an act: another file first, so that an act is never half written.
fn write(file: &Path, act: &OfflineAct) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(act).map_err(|error| error.to_string())? + "\n";
    let part = file.with_extension("part");
    let written = fs::write(&part, text).and_then(|()| fs::rename(&part, file));
    Ok(written.map_err(|error| format!("{}: {error}", file.display()))?)
}
