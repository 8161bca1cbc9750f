//! The switch end of the wire: the model of the simulated switch, and its settlement files.

use std::collections::HashMap;

use serde_json::json;
use titian::simulator::{
    Account, AccountStatus, Limits, Member, Settings, Switch, UnlistedAccounts,
};
use titian::transfer::TraceNumbers;
use titian::values::{AccountNumber, Date, Moment};

use super::networks::{OURS, TestNetwork, institution};
use super::odd::OddRates;
use super::random::FaultRates;

/// The number of other banks, which the switch simulates: 001 to this number.
pub(crate) const BANKS: u64 = 9;

/// Returns the key of one of our messages on the wire: STAN and transmission second.
pub(crate) fn wire_key(trace: TraceNumbers) -> (u32, u64) {
    (trace.stan.number(), trace.transmitted_at.millis() / 1000)
}

/// The amount of a transfer in the settlement files, in minor units: settled less reversed, out of our bank and into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) outbound: i64,
    pub(crate) inbound: i64,
}

impl Settled {
    pub(crate) fn is_moved(self) -> bool {
        self != Self::default()
    }
}

pub(crate) struct SwitchEnd {
    pub(crate) model: Switch,
    pub(crate) our_member: Member,
    pub(crate) next_tick: Option<u64>,
    /// The settled amounts of closed dates, by RRN.
    closed: HashMap<String, Settled>,
}

impl SwitchEnd {
    pub(crate) fn new(
        network: &TestNetwork,
        (fault_rates, odd): (FaultRates, OddRates),
        seed: u64,
        now: Moment,
    ) -> Self {
        let others = (1..=BANKS).map(|bank| institution(&format!("{bank:03}")));
        let settings = Settings {
            rules: network.switch_rules.clone(),
            institution: institution("999"),
            members: [institution(OURS)].into_iter().chain(others).collect(),
            unlisted_accounts: UnlistedAccounts::Exist,
            limits: Limits::default(),
            seed,
        };
        let mut model = Switch::new(settings, now);
        model.set_fault_rules(switch_fault_rules(network, fault_rates, odd));
        let our_member = model.member(OURS).unwrap();
        model.handle_connected(our_member);
        model.handle_signed_on(our_member, now);
        Self { model, our_member, next_tick: None, closed: HashMap::new() }
    }

    /// Lists an account at a bank with its holder, or as absent.
    pub(crate) fn list_account(
        &mut self,
        bank: &str,
        number: AccountNumber,
        holder: Option<String>,
    ) {
        let status = if holder.is_some() { AccountStatus::Open } else { AccountStatus::Absent };
        let account = Account { name: holder.unwrap_or_default(), status, balance: None };
        let bank = self.model.member(bank).unwrap();
        assert!(self.model.list_account(bank, number, account));
    }

    /// Reads the settlement file of a date that has closed, and compares it with the ledger.
    pub(crate) fn close(&mut self, date: Date) {
        add_rows(&self.file(date), &mut self.closed);
    }

    /// Returns the settled amounts of all files, with the present date as it is now.
    pub(crate) fn settled(&self) -> HashMap<String, Settled> {
        let mut settled = self.closed.clone();
        add_rows(&self.file(self.model.business_date()), &mut settled);
        settled
    }

    fn file(&self, date: Date) -> String {
        let file =
            self.model.settlement_file(date, self.our_member).expect("the date has just closed");
        let days = self.model.snapshot(0, 0).days;
        let day = days.iter().find(|day| day.date == date).unwrap();
        let position = day.positions.iter().find(|position| position.bank == institution(OURS));
        let net: i64 = file.trim_end().rsplit(',').next().unwrap().parse().unwrap();
        assert_eq!(
            net,
            position.map_or(0, |position| position.position),
            "{date}: the file and the ledger differ"
        );
        file
    }
}

/// Adds the rows of a settlement file.
fn add_rows(file: &str, to: &mut HashMap<String, Settled>) {
    for line in file.lines().skip(1).filter(|line| !line.starts_with("TOTAL")) {
        let row: Vec<_> = line.split(',').collect();
        let minor: i64 = if row[11] == "true" { row[7].parse().unwrap() } else { continue };
        let settled = to.entry(row[2].to_owned()).or_default();
        *(if row[1] == "out" { &mut settled.outbound } else { &mut settled.inbound }) += minor;
    }
}

/// Returns the fault rules of the switch: it declines transfers, does not find the originals of reversals, and sends odd messages.
fn switch_fault_rules(
    network: &TestNetwork,
    fault_rates: FaultRates,
    odd: OddRates,
) -> titian::simulator::FaultRules {
    let switch_rules = &network.switch_rules;
    let kinds = [switch_rules.transfer, switch_rules.qris, switch_rules.withdrawal];
    let declined = kinds.map(|kind| {
        let filter = json!({"mti": "0200", "de": {"3": kind.as_str()}});
        json!({"match": filter, "chance": probability(fault_rates.declined), "action": {"decline": {"rc": "51"}}})
    });
    let not_found = ["0400", "0401", "0420", "0421"].map(|mti| {
        let chance = probability(fault_rates.not_found);
        json!({"match": {"mti": mti}, "chance": chance, "action": {"decline": {"rc": "25"}}})
    });
    let rules: Vec<_> =
        declined.into_iter().chain(not_found).chain(odd.fault_rules(switch_rules)).collect();
    titian::simulator::FaultRules::from_json(json!(rules).to_string().as_bytes()).unwrap()
}

/// Returns a rate in a thousand as a probability.
fn probability(permille: u64) -> f64 {
    f64::from(u32::try_from(permille).unwrap()) / 1000.0
}
