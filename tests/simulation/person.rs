//! A person at the switch: what she believes, from the messages that the switch sent and the answers that came, and from nothing
//! else. She knows a movement by its two accounts and its amount, so none of the program's keys is hers.
//!
//! I sent a credit, and you said 00: the customer has it. I took it back, and you said 00: the customer must not have it. I took
//! 600 of 1000 back: the customer has 400. You said 'not found': nothing has changed, and I ask again. It was for another bank: the
//! customer must not have it. I asked the same again: the same answer. I announced a date, and you said 00: your requests have it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use titian::iso8583::De;
use titian::simulator::{NetworkRules, OddBytes, TextMessage};
use titian::transfer::Side;
use titian::values::{AccountNumber, Date, MinorUnits, MonthDay, ProcessingCode};

use super::core::Core;
use super::networks::OURS;
use super::odd::is_allowed;
use super::switch::Settled;
use super::world::account;

/// The two accounts and the amount of a movement.
type Movement = (String, String, u64);

/// The same question: message class, processing code, DE7, DE11 and DE32.
type Question = (u16, [String; 4]);

/// How long a request with an older business date may be under way inside the adapter, in milliseconds.
const DATE_SLACK: u64 = 30;

/// What she knows of a movement that she asked for.
struct Asked {
    rrn: String,
    side: Side,
    /// Whether it is for our bank: not for another one, and not from our bank itself.
    is_for_us: bool,
    is_approved: bool,
    declined: Option<String>,
    reversals: Vec<Reversal>,
}

struct Reversal {
    question: Question,
    /// The actual amount of DE95.
    actual: Option<u64>,
    answer: Option<String>,
}

#[derive(Default)]
pub(crate) struct Person {
    movements: BTreeMap<Movement, Asked>,
    /// The answers to each question, in their order.
    answers: HashMap<(Question, u64), Vec<String>>,
    /// The movements that our bank has confirmed as reversed in full.
    taken_back: HashSet<Movement>,
    /// The business date that our bank has confirmed, and since when.
    date: Option<(Date, u64)>,
    /// The business dates that she announced since then and that our bank has not answered: it may have stopped before its answer.
    unanswered_dates: HashSet<MonthDay>,
}

fn text(message: &TextMessage, de: De) -> String {
    message.get(de).unwrap_or_default().trim_start_matches('0').to_owned()
}

fn movement(message: &TextMessage) -> Option<Movement> {
    let MinorUnits(minor) = message.value(De::AMOUNT)?;
    Some((
        message.get(De::FROM_ACCOUNT)?.to_owned(),
        message.get(De::TO_ACCOUNT)?.to_owned(),
        minor,
    ))
}

fn question(message: &TextMessage) -> Question {
    let elements = [De::PROCESSING_CODE, De::TRANSMISSION, De::STAN, De::ACQUIRER];
    (message.mti().class().into(), elements.map(|de| text(message, de)))
}

/// What she says.
impl Person {
    /// She sends a request to our bank, for the first time or again.
    pub(crate) fn asks(&mut self, message: &TextMessage, rules: &NetworkRules) {
        if message.mti().is_management() {
            self.unanswered_dates.extend(message.value::<MonthDay>(De::SETTLEMENT_DATE));
        }
        let kind: Option<ProcessingCode> = message.value(De::PROCESSING_CODE);
        let side = match kind {
            Some(kind) if kind == rules.withdrawal => Side::Debit,
            Some(kind) if kind == rules.transfer || kind == rules.qris => Side::Credit,
            _ => return,
        };
        let Some(movement) = movement(message) else { return };
        let is_ours = |de| message.get(de).is_none_or(|code| code == OURS);
        let asked = self.movements.entry(movement).or_insert_with(|| Asked {
            rrn: message.get(De::RRN).unwrap().to_owned(),
            side,
            is_for_us: is_ours(De::RECEIVER)
                && is_ours(De::DESTINATION_BANK)
                && message.get(De::ACQUIRER) != Some(OURS),
            is_approved: false,
            declined: None,
            reversals: Vec::new(),
        });
        if message.mti().class() == 4 {
            let question = question(message);
            if asked.reversals.iter().all(|known| known.question != question) {
                let actual = message.get(De::REPLACEMENT_AMOUNTS);
                let actual = actual.map(|text| text[..12].parse().unwrap());
                asked.reversals.push(Reversal { question, actual, answer: None });
            }
        }
    }

    /// An answer of our bank reaches her.
    pub(crate) fn hears(&mut self, message: &TextMessage, rules: &NetworkRules) {
        let Some(code) = message.get(De::RESPONSE_CODE) else { return };
        if message.value(De::PROCESSING_CODE) == Some(rules.balance_inquiry) {
            let has = |de| message.get(de).is_some();
            let is_balance = has(De::ADDITIONAL_AMOUNTS) && !has(De::ADDITIONAL_DATA);
            assert!(
                code != "00" || is_balance,
                "I asked for a balance, and you said 00 without one"
            );
        }
        let Some(movement) = movement(message) else { return };
        let Some(asked) = self.movements.get_mut(&movement) else { return };
        let question = question(message);
        if message.mti().class() == 4 {
            for reversal in asked.reversals.iter_mut().filter(|known| known.question == question) {
                // Once it is done it stays done.
                if !reversal.is_done() {
                    reversal.answer = Some(code.to_owned());
                }
            }
        } else if code == "00" {
            asked.is_approved = true;
        } else if !["09", "25", "68", "91", "96"].contains(&code) {
            asked.declined = Some(code.to_owned());
        }
        let is_reversed = message.mti().class() == 2 && !asked.reversals.is_empty();
        // 'In progress' and 'not found' may be earlier answers that were overtaken.
        let is_open = ["09", "25"].contains(&code);
        if is_allowed("replay") && !is_reversed && !is_open {
            let answers = self.answers.entry((question, movement.2)).or_default();
            let first_done = answers.iter().any(|answer| answer == "00");
            assert!(
                !first_done || code == "00",
                "{}: I asked the same again after your 00, and you said {code}: {message:?}",
                asked.rrn
            );
            answers.push(code.to_owned());
        }
    }

    /// Our bank answers a request, whether the answer reaches her or not.
    pub(crate) fn is_answered(&mut self, request: &TextMessage, code: &str) {
        let Some(movement) = movement(request).filter(|_| code == "00") else { return };
        let is_full = request.get(De::REPLACEMENT_AMOUNTS).is_none();
        if request.mti().class() == 4 && is_full {
            self.taken_back.insert(movement);
        } else if request.mti().class() == 2 && is_allowed("late_repeat") {
            assert!(
                !self.taken_back.contains(&movement),
                "I took it back, you said 00, and now you say 00 to its repeat: {request:?}"
            );
        }
    }

    /// Our bank cannot read her message.
    pub(crate) fn is_not_understood(odd: Option<OddBytes>, error: &str) {
        let is_name = matches!(odd, Some(OddBytes::NotAscii | OddBytes::EmptyNames));
        assert!(!is_name, "I sent one odd byte in a name, and you cannot read my message: {error}");
        assert!(odd.is_some(), "you cannot read a good message: {error}");
    }
}

/// The business date.
impl Person {
    /// Our bank confirms a business date.
    pub(crate) fn hears_of_date(&mut self, date: Date, now: u64) {
        self.unanswered_dates.clear();
        if self.date.is_none_or(|(known, _)| date != known) {
            self.date = Some((date, now));
        }
    }

    /// Our bank refuses a business date.
    pub(crate) fn hears_of_refused_date(&mut self, day: Option<MonthDay>) {
        self.unanswered_dates.retain(|unanswered| Some(*unanswered) != day);
    }

    /// Our bank sends a request with a business date.
    pub(crate) fn sees_date(&self, day: MonthDay, now: u64, paused_until: u64) {
        let Some((date, since)) = self.date.filter(|_| is_allowed("wrong_date")) else { return };
        let is_unanswered = self.unanswered_dates.contains(&day);
        if now >= since.max(paused_until) + DATE_SLACK && !is_unanswered {
            assert_eq!(
                date.month_day(),
                day,
                "I announced {date}, you said 00, and your next request has another date"
            );
        }
    }
}

impl Reversal {
    fn is_done(&self) -> bool {
        matches!(self.answer.as_deref(), Some("00" | "94"))
    }
}

impl Asked {
    /// Returns what the customer's account has of it, in minor units; `None` if she cannot know.
    fn held(&self, minor: u64) -> Option<u64> {
        let done = || self.reversals.iter().filter(|reversal| reversal.is_done());
        if done().any(|reversal| reversal.actual.unwrap_or_default() == 0) {
            return Some(0);
        }
        if let Some(actual) = done().find_map(|reversal| reversal.actual) {
            return Some(actual.min(minor));
        }
        if !self.is_for_us {
            return Some(0);
        }
        if self.reversals.iter().any(|reversal| reversal.answer.is_none()) {
            return None;
        }
        match (self.is_approved, &self.declined) {
            (true, _) => Some(minor),
            (false, Some(_)) => Some(0),
            (false, None) => None,
        }
    }

    /// Tells what happened, in her words.
    fn story(&self, minor: u64) -> String {
        let what = if self.side == Side::Credit { "credit" } else { "withdrawal" };
        let mut story = format!("{}: I sent a {what} of {minor}", self.rrn);
        if !self.is_for_us {
            story += " that is not for your bank";
        }
        if self.is_approved {
            story += ", you said 00";
        }
        if let Some(code) = &self.declined {
            write!(story, ", you said {code}").unwrap();
        }
        for Reversal { actual, answer, .. } in &self.reversals {
            let taken = actual.map_or_else(
                || "it back".to_owned(),
                |actual| format!("back all but {actual} of it"),
            );
            let answer = answer.as_deref().unwrap_or("nothing");
            write!(story, ", I took {taken}, you said {answer}").unwrap();
        }
        story
    }
}

/// The end.
impl Person {
    /// Compares what she believes with the accounts of core and with the books of the switch.
    /// What our bank wrote off, by account, is still with the customer: she took it back, and the customer had spent it.
    pub(crate) fn check(
        &self,
        core: &Core,
        files: &HashMap<String, Settled>,
        losses: &HashMap<AccountNumber, i128>,
    ) {
        let mut accounts: BTreeMap<&str, Vec<(&Movement, &Asked)>> = BTreeMap::new();
        let mut transfers: BTreeMap<&str, Vec<(&Movement, &Asked)>> = BTreeMap::new();
        for (movement, asked) in &self.movements {
            assert!(
                !asked.is_approved || movement.2 > 0,
                "{}: there is nothing to move",
                asked.story(movement.2)
            );
            let own = if asked.side == Side::Credit { &movement.1 } else { &movement.0 };
            accounts.entry(own).or_default().push((movement, asked));
            transfers.entry(&asked.rrn).or_default().push((movement, asked));
        }
        for (number, movements) in accounts {
            let Some((held, story)) = sum(&movements) else { continue };
            let lost = losses.get(&account(number)).copied().unwrap_or_default();
            let balance = core.balance(account(number)) - lost;
            assert_eq!(balance, held, "{story}: the customer's account is wrong");
        }
        for (rrn, movements) in transfers {
            let Some((held, story)) = sum(&movements) else { continue };
            let settled = files.get(rrn).copied().unwrap_or_default();
            let booked = i128::from(settled.inbound - settled.outbound);
            assert_eq!(booked, held, "{story}: the books of the switch are wrong");
        }
    }
}

/// Returns the sum that an account has of some movements, and their stories; `None` if she cannot know.
fn sum(movements: &[(&Movement, &Asked)]) -> Option<(i128, String)> {
    let mut sum = 0;
    let mut stories = Vec::new();
    for ((_, _, minor), asked) in movements {
        let held = i128::from(asked.held(*minor)?);
        sum += if asked.side == Side::Credit { held } else { -held };
        stories.push(asked.story(*minor));
    }
    Some((sum, stories.join("; ")))
}
