//! `--codec reference`: the switch runs in a child process, since `iso8583_rs` reads its only spec from the environment and
//! prints to stdout.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::thread;

use tokio::process::Command;
use tokio::sync::oneshot;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::stop;
use crate::iso8583::Spec;
use crate::simulator::transport::{Codec, Reference};

/// Returns the codec, in the child process.
pub(super) fn codec(spec: &Spec) -> Result<Codec, Failure> {
    let reference = Reference::new(spec.has_hex_bitmaps());
    Ok(Codec::Reference(reference.map_err(|error| error.to_string())?))
}

/// Runs this command again as a child process with the spec of a network. Returns the exit of the child.
pub(super) fn run(network: &str, spec: &str) -> Result<Exit, Failure> {
    let spec = SpecFile::new(network, spec)?;
    super::runtime()?.block_on(child(&spec.0))
}

async fn child(spec: &Path) -> Result<Exit, Failure> {
    let failed = |error: std::io::Error| {
        Failure::from(format!("cannot run the process of iso8583_rs: {error}"))
    };
    let stop = stop::signal()?;
    let mut child = Command::new(std::env::current_exe().map_err(failed)?)
        .args(std::env::args_os().skip(1))
        .arg("--is-reference")
        .env("SPEC_FILE", spec)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(failed)?;
    // The child stops when its stdin closes, which also happens when this process is killed.
    let mut stdin = child.stdin.take();
    tokio::select! {
        ended = child.wait() => return ended.map(exit_of).map_err(failed),
        () = stop => drop(stdin.take()),
    }
    child.wait().await.map(exit_of).map_err(failed)
}

/// Returns the exit of the child process. Any other code is an internal error.
fn exit_of(status: ExitStatus) -> Exit {
    match status.code() {
        Some(0) => Exit::Success,
        Some(1) => Exit::Negative,
        Some(2) => Exit::Usage,
        Some(_) | None => Exit::InternalError,
    }
}

/// Completes at the end of stdin, which comes when the parent process ends. A thread of its own reads it, which may block for
/// ever.
pub(super) async fn parent_ended() {
    let (sender, end) = oneshot::channel::<()>();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        drop(sender);
    });
    let _ = end.await;
}

/// A temporary file with the spec of a network.
struct SpecFile(PathBuf);

impl SpecFile {
    fn new(network: &str, text: &str) -> Result<Self, Failure> {
        let name = format!("titian-{}-{network}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path);
        let written = file.as_mut().map(|file| file.write_all(text.as_bytes()));
        match written {
            Ok(Ok(())) => Ok(Self(path)),
            Ok(Err(error)) => Err(format!("{}: cannot write: {error}", path.display()).into()),
            Err(error) => Err(format!("{}: cannot create: {error}", path.display()).into()),
        }
    }
}

impl Drop for SpecFile {
    fn drop(&mut self) {
        // A spec that stays in the temporary folder is harmless.
        let _ = fs::remove_file(&self.0);
    }
}
