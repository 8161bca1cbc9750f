//! Reads core's replies. A reply that is not exactly as specified decides nothing: a gateway's error page does not confirm a
//! posting, and the state of another transfer does not apply to this one.

use serde::Deserialize;
use serde_json::from_slice;

use crate::core_banking::command::{CoreCommand, CoreReply};
use crate::core_banking::wire::{
    AccountBody, AccountStatus, CancelBody, PostingState, RefusalBody, StateBody,
};
use crate::transfer::{AccountDetails, AccountReply, CancelReply, PostingReply, Refusal};
use crate::values::{Money, TransferId};

/// Returns core's reply to a command; `None` if status and body are not as specified.
pub(super) fn read_reply(command: &CoreCommand, status: u16, body: &[u8]) -> Option<CoreReply> {
    match command {
        CoreCommand::Post(posting) => read_posting_reply(posting.id, status, body)
            .map(|reply| CoreReply::to_posting(posting, reply)),
        CoreCommand::Cancel(id) => {
            read_cancel_reply(*id, status, body).map(|reply| CoreReply::Cancel(*id, reply))
        }
        CoreCommand::CancelPart(part) => read_cancel_reply(part.posting_id, status, body)
            .map(|reply| CoreReply::PartCancel(part.transfer_id, reply)),
        CoreCommand::Account(id, _) => {
            read_account_reply(status, body).map(|reply| CoreReply::Account(*id, reply))
        }
    }
}

fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Option<T> {
    from_slice(body).ok()
}

fn read_posting_reply(id: TransferId, status: u16, body: &[u8]) -> Option<PostingReply> {
    if status == 422 {
        return read_refusal(body).map(PostingReply::Refused);
    }
    let body: StateBody = read(body)?;
    let reply = match (status, body.state) {
        (200 | 201, PostingState::Posted) => PostingReply::Posted,
        (409, _) => PostingReply::Conflict,
        (410, PostingState::Cancelled) => PostingReply::Barred,
        _ => return None,
    };
    body.id.is_none_or(|of| of == id).then_some(reply)
}

fn read_cancel_reply(id: TransferId, status: u16, body: &[u8]) -> Option<CancelReply> {
    match status {
        200 => {
            let body: CancelBody = read(body)?;
            let is_same = body.id.is_none_or(|of| of == id);
            is_same.then_some(CancelReply::Cancelled(body.was))
        }
        422 => read_refusal(body).map(|_| CancelReply::Refused),
        _ => None,
    }
}

fn read_account_reply(status: u16, body: &[u8]) -> Option<AccountReply> {
    match status {
        200 => read_account(&read(body)?),
        404 | 422 => read_refusal(body).map(AccountReply::Refused),
        _ => None,
    }
}

/// Reads an account; `None` if its balance is invalid or in another currency than the account.
fn read_account(account: &AccountBody) -> Option<AccountReply> {
    if account.status != AccountStatus::Active {
        return Some(AccountReply::Refused(Refusal::InactiveAccount));
    }
    let balance = match &account.balance {
        None => None,
        Some(balance) => Some(balance.amount()?),
    };
    if balance.is_some_and(|balance| Some(balance.currency()) != Money::currency(&account.currency))
    {
        return None;
    }
    let holder = Some(account.name.clone());
    Some(AccountReply::Active(AccountDetails { holder, balance }))
}

fn read_refusal(body: &[u8]) -> Option<Refusal> {
    read::<RefusalBody>(body).map(|body| body.reason.refusal())
}
