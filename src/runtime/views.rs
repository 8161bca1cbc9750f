//! What operators see of transfers.

use super::node::Node;
use crate::admin::{ExceptionView, OverviewView, ResolutionView, TransferView};
use crate::control::Target;
use crate::engine::{self, Transfer};
use crate::transfer::{PossibleResolution, Sums};
use crate::values::{Direction, MoneyJson, TransferId, iso_moment};

impl Node {
    /// Returns the transfers that need a manual resolution, the oldest first.
    pub(super) fn exception_views(&self) -> Vec<ExceptionView> {
        let mut exceptions: Vec<_> = self.engine.exception_views().collect();
        exceptions.sort_by_key(|exception| (exception.since, exception.id.0));
        exceptions.iter().map(|exception| self.exception_view(exception)).collect()
    }

    fn exception_view(&self, exception: &engine::ExceptionView) -> ExceptionView {
        let target = Target::Transfer(exception.id);
        let proposal = self.engine.control().open_proposal_of(&target);
        ExceptionView {
            transfer: exception.id.to_string(),
            direction: exception.direction.code(),
            state: exception.state,
            cause: exception.cause,
            since: iso_moment(exception.since),
            amount: MoneyJson::from(exception.amount),
            bank: exception.counterparty.to_string(),
            stan: exception.trace.map(|(stan, _)| stan.to_string()),
            rrn: exception.trace.map(|(_, rrn)| rrn.to_string()),
            resolutions: exception.resolutions.iter().map(resolution).collect(),
            proposal: proposal.map(|id| id.0),
        }
    }

    /// Returns a transfer in memory.
    pub(super) fn transfer_view(&self, id: TransferId) -> Option<TransferView> {
        let transfer = self.engine.transfer(id)?;
        let (amount, bank) = match transfer {
            Transfer::Outbound(transfer) => {
                (transfer.order().amount, transfer.order().counterparty)
            }
            Transfer::Inbound(transfer) => {
                (transfer.request().amount, transfer.request().counterparty)
            }
        };
        Some(TransferView {
            transfer: id.to_string(),
            direction: transfer.direction().code(),
            state: transfer.code(),
            amount: MoneyJson::from(amount),
            bank: bank.to_string(),
            exception: transfer.properties().is_exception,
            resolutions: transfer.resolutions().iter().map(resolution).collect(),
        })
    }

    /// Returns what happens now. The numbers of control are filled in by the reader.
    pub(super) fn overview(&self) -> OverviewView {
        OverviewView {
            version: env!("CARGO_PKG_VERSION"),
            now: iso_moment(self.now),
            is_draining: self.metrics.draining.get() > 0,
            open_outbound: self.engine.open_in(Direction::Outbound),
            open_inbound: self.engine.open_in(Direction::Inbound),
            exceptions: self.engine.exceptions().len(),
            restrictions: 0,
            proposals: 0,
            alerts: 0,
            links_up: self.links_up.len(),
            links: self.link_names.len(),
            acts: 0,
        }
    }
}

/// Returns a possible resolution with the change of each of the books.
fn resolution(possible: &PossibleResolution) -> ResolutionView {
    let PossibleResolution { outcome, before, command, confirmed, .. } = possible;
    let sums = |sums: &Sums| {
        [
            ("debited", sums.debited),
            ("settled", sums.settled),
            ("refunded", sums.refunded),
            ("in_flight", sums.in_flight),
            ("written_off", sums.written_off),
        ]
    };
    let changes = sums(before).into_iter().zip(sums(confirmed));
    let books = changes
        .map(|((name, before), (_, after))| (name, difference(before, after)))
        .filter(|(_, change)| *change != 0)
        .collect();
    ResolutionView {
        outcome: outcome.code(),
        books,
        core: command.map(crate::transfer::ResolutionCommand::code),
    }
}

/// Returns how much a sum grows, in minor units; below zero if it shrinks.
fn difference(before: u128, after: u128) -> i128 {
    let distance = i128::try_from(before.abs_diff(after)).unwrap_or(i128::MAX);
    if after >= before { distance } else { -distance }
}
