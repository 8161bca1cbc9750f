//! The other end of the wire: the brain of the simulated switch, and the settlement files that it leaves.

use std::collections::HashMap;

use serde_json::json;
use titian::switch::{Account, AccountStatus, Limits, Member, Others, Settings, Switch};
use titian::transfer::Trace;
use titian::values::{AccountNumber, Date, Moment};

use crate::chance::Faults;
use crate::networks::{OURS, Shipped, institution};

/// Banks besides ours, which the switch plays: 001 to this.
pub(crate) const BANKS: u64 = 9;

/// What a message of ours goes under, on the wire.
pub(crate) fn wire_key(trace: Trace) -> (u32, u64) {
    (trace.stan.number(), trace.at.millis() / 1000)
}

/// What the files say of a transfer, in minor units: what settled less what went back, out of our bank and into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) out: i64,
    pub(crate) within: i64,
}

impl Settled {
    pub(crate) fn stands(self) -> bool {
        self != Self::default()
    }
}

pub(crate) struct National {
    pub(crate) brain: Switch,
    pub(crate) ours: Member,
    pub(crate) next_tick: Option<u64>,
    /// By RRN, of the dates that have ended.
    closed: HashMap<String, Settled>,
}

impl National {
    pub(crate) fn new(shipped: &Shipped, faults: Faults, seed: u64, now: Moment) -> Self {
        let played = (1..=BANKS).map(|bank| institution(&format!("{bank:03}")));
        let settings = Settings {
            dialect: shipped.dialect.clone(),
            institution: institution("999"),
            members: [institution(OURS)].into_iter().chain(played).collect(),
            others: Others::Exist,
            limits: Limits::default(),
            seed,
        };
        let mut brain = Switch::new(settings, now);
        brain.set_faults(befalling(shipped, faults));
        let ours = brain.member(OURS).unwrap();
        brain.connected(ours);
        brain.signed_on(ours, now);
        Self { brain, ours, next_tick: None, closed: HashMap::new() }
    }

    /// Lists an account at a bank, with its holder, or as none.
    pub(crate) fn list(&mut self, bank: &str, number: AccountNumber, holder: Option<String>) {
        let status = if holder.is_some() { AccountStatus::Open } else { AccountStatus::Absent };
        let account = Account { name: holder.unwrap_or_default(), status, balance: None };
        let bank = self.brain.member(bank).unwrap();
        assert!(self.brain.list_account(bank, number, account));
    }

    /// A date has ended: its file is there, and says what the ledger says.
    pub(crate) fn close(&mut self, date: Date) {
        read(&self.file(date), &mut self.closed);
    }

    /// What all files say, that of today as it would be now.
    pub(crate) fn settled(&self) -> HashMap<String, Settled> {
        let mut settled = self.closed.clone();
        read(&self.file(self.brain.business_date()), &mut settled);
        settled
    }

    fn file(&self, date: Date) -> String {
        let file = self.brain.settlement(date, self.ours).expect("a date that has just ended");
        let days = self.brain.snapshot(0, 0).days;
        let day = days.iter().find(|day| day.date == date).unwrap();
        let position = day.positions.iter().find(|position| position.bank == institution(OURS));
        let net: i64 = file.trim_end().rsplit(',').next().unwrap().parse().unwrap();
        assert_eq!(
            net,
            position.map_or(0, |position| position.position),
            "{date}: file and ledger"
        );
        file
    }
}

/// Adds the rows of a file.
fn read(file: &str, to: &mut HashMap<String, Settled>) {
    for line in file.lines().skip(1).filter(|line| !line.starts_with("TOTAL")) {
        let row: Vec<_> = line.split(',').collect();
        let minor: i64 = if row[11] == "true" { row[7].parse().unwrap() } else { continue };
        let settled = to.entry(row[2].to_owned()).or_default();
        *(if row[1] == "out" { &mut settled.out } else { &mut settled.within }) += minor;
    }
}

/// Faults that are the switch's own: it declines what moves money, and finds no original, though there may be one.
fn befalling(shipped: &Shipped, faults: Faults) -> titian::switch::Faults {
    let dialect = &shipped.dialect;
    let kinds = [dialect.transfer, dialect.qris, dialect.withdrawal];
    let declined = kinds.map(|kind| {
        let which = json!({"mti": "0200", "de": {"3": kind.as_str()}});
        json!({"match": which, "chance": in_one(faults.declined), "action": {"decline": {"rc": "51"}}})
    });
    let not_found = ["0400", "0401", "0420", "0421"].map(|mti| {
        let chance = in_one(faults.not_found);
        json!({"match": {"mti": mti}, "chance": chance, "action": {"decline": {"rc": "25"}}})
    });
    let rules: Vec<_> = declined.into_iter().chain(not_found).collect();
    titian::switch::Faults::from_json(json!(rules).to_string().as_bytes()).unwrap()
}

/// So many in a thousand.
fn in_one(permille: u64) -> f64 {
    f64::from(u32::try_from(permille).unwrap()) / 1000.0
}
