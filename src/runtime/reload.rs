//! Reads the settings again while the adapter runs: compares them with what runs, applies what can be applied, and records what it did.
//!
//! What is looser than approved waits for a checker. An approval reads the settings again too, so that what runs is always what the
//! configuration says now.

mod live;
mod running;

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tracing_subscriber::filter::LevelFilter;

use super::inputs::Command;
use super::port::RequestQueue;
use super::reload_changes::NodeChanges;
use super::settings::{LinkEndpoint, Restricted, Settings};
use crate::admin::SettingView;
use crate::api::Api;
use crate::control::{
    Control, Looser, Names, Reloaded, SettingChange, SettingValues, key_path, looser,
};
use crate::link::{self, LinkId, LinkTls};
use crate::settings::Fault;
use crate::values::{Reference, Value};
use live::is_link_tls;
use running::Difference;
pub(super) use running::Running;

/// How settings are read again.
pub struct Reload {
    /// Reads the settings, or returns all their faults.
    pub load: Box<dyn Fn() -> Result<Settings, Vec<Fault>> + Send + Sync>,
    /// Changes the log level.
    pub set_log: Box<dyn Fn(LevelFilter) + Send + Sync>,
}

/// The node has stopped.
struct Stopped;

/// Reads the settings again, and applies them.
pub(super) struct Reloader {
    pub(super) reload: Reload,
    pub(super) running: Running,
    pub(super) api: Arc<Api<RequestQueue>>,
    pub(super) links: link::Handle,
    pub(super) commands: mpsc::Sender<Command>,
    /// What operators see.
    pub(super) views: watch::Sender<Arc<[SettingView]>>,
}

impl Reloader {
    /// Reloads at every message of `reloads`, and after every approval of settings.
    pub(super) async fn run(mut self, mut reloads: mpsc::Receiver<()>, approvals: Arc<Notify>) {
        loop {
            tokio::select! {
                received = reloads.recv() => if received.is_none() { return },
                () = approvals.notified() => {}
            }
            if self.reload().await.is_err() {
                return;
            }
        }
    }

    async fn reload(&mut self) -> Result<(), Stopped> {
        let control = self.ask(Command::Control).await?;
        let read = (self.reload.load)();
        let read = read.and_then(|settings| settings.restricted(control.settings()));
        let Restricted { settings, wanted, held } = match read {
            Ok(restricted) => restricted,
            Err(faults) => {
                for fault in faults {
                    tracing::error!(%fault, "configuration not reloaded");
                }
                return Ok(());
            }
        };
        let mut new = settings.source.entries();
        self.running.keep_held(&mut new, &held);
        let difference = self.running.compare(&new);
        self.running.take(&difference.applied, &new);
        let restart = difference.needs_restart.iter();
        let restart = restart.map(|key| (key.clone(), new.get(key).map(|to| to.shown.clone())));
        let restart: Vec<_> = restart.collect();
        self.views.send_replace(self.running.views(&held, &restart).into());
        let control = self.apply(settings, wanted, (&difference, &held), &control).await?;
        log(&difference, &held, &control);
        Ok(())
    }

    /// Applies settings, and records that. Returns the state of control after it.
    async fn apply(
        &self,
        settings: Settings,
        wanted: SettingValues,
        (difference, held): (&Difference, &[SettingChange]),
        control: &Control,
    ) -> Result<Arc<Control>, Stopped> {
        let Settings { network, working_days, links, api, core, limits, log, .. } = settings;
        (self.reload.set_log)(log);
        let partners = api.partners().filter_map(|name| Reference::from_ascii(name.as_bytes()));
        let mut names = Names { partners: partners.collect(), ..Names::clone(control.names()) };
        let kept: Vec<_> = held.iter().filter_map(|change| partner_of(&change.key)).collect();
        let is_kept = |name: &&Reference| kept.contains(&name.as_str());
        let kept_names = control.names().partners.iter().filter(is_kept).cloned();
        let missing: Vec<_> = kept_names.filter(|name| !names.partners.contains(name)).collect();
        names.partners.extend(missing);
        self.api.reconfigure(api, &kept);
        if difference.applied.iter().any(|key| is_link_tls(key)) {
            for (place, link) in links.into_iter().enumerate() {
                let tls = match link.endpoint {
                    LinkEndpoint::Connect { tls, .. } => LinkTls::Dial(tls),
                    LinkEndpoint::Listen { tls, .. } => LinkTls::Listen(tls),
                };
                self.links.set_tls(LinkId(place), tls).await.map_err(|_| Stopped)?;
            }
        }
        let waits = |prefixes: &[&str]| {
            let begins = |key: &String| prefixes.iter().any(|prefix| key.starts_with(prefix));
            difference.needs_restart.iter().any(begins)
        };
        let is_other_network = waits(&["network.name", "network.profile", "network.spec", "bank."]);
        let is_other_core = waits(&["core.mode", "core.url"]);
        let keys = |keys: &[String]| keys.iter().map(|key| key.as_str().into()).collect();
        let reloaded = Reloaded {
            configuration: self.running.hash(),
            applied: keys(&difference.applied),
            waiting: held.iter().map(|change| change.key.clone()).collect(),
            needs_restart: keys(&difference.needs_restart),
            names,
        };
        let changes = |done| {
            Command::Reload(Box::new(NodeChanges {
                rules: (!is_other_network).then(|| network.rules().clone()),
                working_days,
                core_rules: core.rules,
                limits: limits.engine,
                core: (!is_other_core).then_some(core.core),
                reloaded,
                wanted,
                done,
            }))
        };
        self.ask(changes).await
    }

    async fn ask(
        &self,
        command: impl FnOnce(oneshot::Sender<Arc<Control>>) -> Command,
    ) -> Result<Arc<Control>, Stopped> {
        let (sender, answer) = oneshot::channel();
        self.commands.send(command(sender)).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }
}

/// Returns the name of the partner whose keys a key stands for.
fn partner_of(key: &str) -> Option<&str> {
    let is_keys = looser(key) == Some(Looser::NewPart);
    is_keys.then(|| key_path(key).get(2).copied())?
}

/// Logs each changed key: applied, waiting for a checker, or waiting for a restart.
fn log(
    Difference { applied, needs_restart }: &Difference,
    held: &[SettingChange],
    control: &Control,
) {
    for key in applied {
        tracing::info!(key, "setting applied");
    }
    log_held(held, control);
    for key in needs_restart {
        tracing::warn!(key, "setting needs a restart");
    }
    let (applied, waiting, needs_restart) = (applied.len(), held.len(), needs_restart.len());
    tracing::info!(applied, waiting, needs_restart, "configuration reloaded");
}

/// Logs the settings that are looser than approved.
pub(super) fn log_held(held: &[SettingChange], control: &Control) {
    let proposal = control.open_settings_proposal().map(|(id, _)| id.0);
    for SettingChange { key, .. } in held {
        match proposal {
            Some(proposal) => {
                tracing::warn!(%key, proposal, "setting waits for a checker");
            }
            None => {
                tracing::warn!(%key, "setting stays as approved: a checker rejected its change");
            }
        }
    }
}
