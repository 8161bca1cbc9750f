//! `--codec reference`: the switch in a process of its own, since `iso8583_rs` takes its one spec from the environment and
//! prints to stdout.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::runtime::Builder;

use super::stop;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::iso8583::Spec;
use crate::switch::face::{Codec, Reference};

/// The codec, in the process that has the spec.
pub(super) fn codec(network: &str) -> Result<Codec, Failure> {
    let reference = Reference::new(network == "holdfast");
    Ok(Codec::Reference(reference.map_err(|error| error.to_string())?))
}

/// Runs this command again with the spec of a network, and ends as that does.
pub(super) fn run(network: &str) -> Result<(), Failure> {
    let spec = SpecFile::new(network)?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    match runtime.block_on(child(&spec.0))? {
        Exit::Done => Ok(()),
        exit => Err(Failure::Told(exit)),
    }
}

async fn child(spec: &Path) -> Result<Exit, Failure> {
    let failed = |error: std::io::Error| {
        Failure::from(format!("the process of iso8583_rs can't be run: {error}"))
    };
    let stop = stop::signal(false)?;
    let mut child = Command::new(std::env::current_exe().map_err(failed)?)
        .args(std::env::args_os().skip(1))
        .arg("--is-reference")
        .env("SPEC_FILE", spec)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(failed)?;
    // It stops when this end is gone, also if this process is killed.
    let mut held = child.stdin.take();
    tokio::select! {
        ended = child.wait() => return ended.map(|status| Exit::of(status.code())).map_err(failed),
        () = stop => drop(held.take()),
    }
    child.wait().await.map(|status| Exit::of(status.code())).map_err(failed)
}

/// The spec of a network as a file, for as long as it is needed.
struct SpecFile(PathBuf);

impl SpecFile {
    fn new(network: &str) -> Result<Self, Failure> {
        let (_, text) = Spec::SHIPPED
            .into_iter()
            .find(|(name, _)| *name == network)
            .ok_or_else(|| Failure::from(format!("no spec of {network} ships")))?;
        let name = format!("titian-{}-{network}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path);
        let written = file.as_mut().map(|file| file.write_all(text.as_bytes()));
        match written {
            Ok(Ok(())) => Ok(Self(path)),
            Ok(Err(error)) => Err(format!("{}: can't be written: {error}", path.display()).into()),
            Err(error) => Err(format!("{}: can't be made: {error}", path.display()).into()),
        }
    }
}

impl Drop for SpecFile {
    fn drop(&mut self) {
        // What lies in a temporary folder for longer harms nobody.
        let _ = fs::remove_file(&self.0);
    }
}
