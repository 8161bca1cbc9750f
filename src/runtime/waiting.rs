//! Channel requests that wait for their response, by id.

use std::collections::HashMap;

use tokio::sync::oneshot::Sender;

use super::port::StatusResult;
use crate::api::{AccountInquiryResponse, NotProcessed, TransferResponse};
use crate::transfer::StatusReport;
use crate::values::TransferId;

/// Where the response to a request goes. A client that has hung up gets none, which is not an error.
#[derive(Debug)]
pub(super) enum Waiter {
    Transfer(Sender<TransferResponse>),
    Inquiry(Sender<AccountInquiryResponse>),
    Status(Sender<StatusResult>),
}

/// All waiting requests. The engine's limits of open transfers and inquiries bound them.
#[derive(Debug, Default)]
pub(super) struct WaitingRequests(HashMap<TransferId, Waiter>);

impl WaitingRequests {
    pub(super) fn insert(&mut self, id: TransferId, waiter: Waiter) {
        self.0.insert(id, waiter);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Responds to a transfer request.
    pub(super) fn respond_transfer(&mut self, id: TransferId, response: TransferResponse) {
        if let Some(Waiter::Transfer(sender)) = self.0.remove(&id) {
            let _hung_up = sender.send(response);
        }
    }

    /// Responds to an account inquiry.
    pub(super) fn respond_inquiry(&mut self, id: TransferId, response: AccountInquiryResponse) {
        if let Some(Waiter::Inquiry(sender)) = self.0.remove(&id) {
            let _hung_up = sender.send(response);
        }
    }

    /// Responds with the status of a transfer: to a status inquiry, or to a repeated transfer request.
    pub(super) fn respond_status(&mut self, id: TransferId, found: Option<StatusReport>) {
        match self.0.remove(&id) {
            Some(Waiter::Status(sender)) => {
                let _hung_up = sender.send(Ok(found));
            }
            Some(Waiter::Transfer(sender)) => {
                let response = match found {
                    Some(report) => TransferResponse::Report(report),
                    None => TransferResponse::NotProcessed(NotProcessed::InternalError),
                };
                let _hung_up = sender.send(response);
            }
            Some(Waiter::Inquiry(_)) | None => {}
        }
    }

    /// Responds that nothing was done.
    pub(super) fn respond_not_processed(&mut self, id: TransferId, reason: NotProcessed) {
        match self.0.remove(&id) {
            Some(Waiter::Transfer(sender)) => {
                let _hung_up = sender.send(TransferResponse::NotProcessed(reason));
            }
            Some(Waiter::Inquiry(sender)) => {
                let _hung_up = sender.send(AccountInquiryResponse::NotProcessed(reason));
            }
            Some(Waiter::Status(sender)) => {
                let _hung_up = sender.send(Err(reason));
            }
            None => {}
        }
    }
}
