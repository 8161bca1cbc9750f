//! What an answer of core says. What is not in so many words what the specification has is nothing: a gateway's page is no
//! posting, and another transfer's state is not this one's.

use serde::Deserialize;
use serde_json::from_slice;

use crate::bank::port::{Ask, Told};
use crate::bank::wire::{AccountBody, CancelBody, RefusalBody, State, StateBody, Status};
use crate::transfer::{AccountAnswer, CancelAnswer, Holding, PostingAnswer, Refusal};
use crate::values::{Money, TransferId};

/// What core says to a question; `None` if that is nothing.
pub(super) fn hear(ask: &Ask, status: u16, body: &[u8]) -> Option<Told> {
    match ask {
        Ask::Post(posting) => {
            posted(posting.id, status, body).map(|answer| Told::Posting(posting.id, answer))
        }
        Ask::Cancel(id) => cancelled(*id, status, body).map(|answer| Told::Cancel(*id, answer)),
        Ask::Account(id, _) => account(status, body).map(|answer| Told::Account(*id, answer)),
    }
}

fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Option<T> {
    from_slice(body).ok()
}

fn posted(id: TransferId, status: u16, body: &[u8]) -> Option<PostingAnswer> {
    if status == 422 {
        return refused(body).map(PostingAnswer::Refused);
    }
    let told: StateBody = read(body)?;
    let answer = match (status, told.state) {
        (200 | 201, State::Posted) => PostingAnswer::Posted,
        (409, _) => PostingAnswer::Conflict,
        (410, State::Cancelled) => PostingAnswer::Barred,
        _ => return None,
    };
    told.transfer_id.is_none_or(|of| of == id).then_some(answer)
}

fn cancelled(id: TransferId, status: u16, body: &[u8]) -> Option<CancelAnswer> {
    match status {
        200 => {
            let told: CancelBody = read(body)?;
            told.transfer_id.is_none_or(|of| of == id).then_some(CancelAnswer::Was(told.was))
        }
        422 => refused(body).map(|_| CancelAnswer::Refused),
        _ => None,
    }
}

fn account(status: u16, body: &[u8]) -> Option<AccountAnswer> {
    match status {
        200 => known(&read(body)?),
        404 | 422 => refused(body).map(AccountAnswer::Refused),
        _ => None,
    }
}

/// What is known of an account; nothing, if its balance is none or in another currency than it says.
fn known(told: &AccountBody) -> Option<AccountAnswer> {
    if told.status != Status::Active {
        return Some(AccountAnswer::Refused(Refusal::InactiveAccount));
    }
    let balance = match &told.balance {
        None => None,
        Some(balance) => Some(balance.amount()?),
    };
    let others = |balance| Some(balance) != Money::currency(&told.currency);
    if balance.is_some_and(|balance| others(balance.currency())) {
        return None;
    }
    let holder = Some(told.name.clone());
    Some(AccountAnswer::Active(Holding { holder, balance }))
}

fn refused(body: &[u8]) -> Option<Refusal> {
    read::<RefusalBody>(body).map(|told| told.reason.refusal())
}
