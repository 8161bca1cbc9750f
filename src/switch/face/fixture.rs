//! The banks that the switch plays, and their accounts: a file that ships.

use crate::settings::{Fault, Faults, Section, all, tree};
use crate::switch::{Account, AccountStatus, Others};
use crate::values::{AccountNumber, Institution, Value};

/// Banks and accounts.
#[derive(Clone)]
pub struct Fixture {
    /// The code of the switch itself.
    pub institution: Institution,
    /// The banks.
    pub banks: Vec<Institution>,
    /// Which accounts there are besides those that are listed.
    pub others: Others,
    /// Accounts that are something special, by bank and number.
    pub accounts: Vec<(Institution, AccountNumber, Account)>,
}

impl Fixture {
    /// The fixture that ships, `config/switch.toml`.
    ///
    /// # Errors
    /// Every fault of it; a test holds that there is none.
    pub fn shipped() -> Result<Self, Vec<Fault>> {
        Self::parse("switch.toml", include_str!("../../../config/switch.toml"))
    }

    fn parse(file: &str, text: &str) -> Result<Self, Vec<Fault>> {
        let tree = tree(file, text).map_err(|fault| vec![fault])?;
        let faults = Faults::default();
        let fixture = Section::top(file, &tree, &faults).and_then(|top| read(&top));
        match (fixture, faults.all()) {
            (Some(fixture), faults) if faults.is_empty() => Ok(fixture),
            (_, faults) => Err(faults),
        }
    }
}

fn read(top: &Section<'_>) -> Option<Fixture> {
    let (institution, banks) = (top.value("institution"), top.values("banks"));
    let others = top.choice("others", &[("exist", Others::Exist), ("unknown", Others::Unknown)]);
    let accounts = top
        .named("accounts")
        .and_then(|section| all(section.names().map(|name| account(&section, name))));
    Some(Fixture { institution: institution?, banks: banks?, others: others?, accounts: accounts? })
}

/// An account, by its bank's code, a slash and its number.
fn account(section: &Section<'_>, name: &str) -> Option<(Institution, AccountNumber, Account)> {
    let entry = section.section_of(name)?;
    let statuses = [
        ("open", AccountStatus::Open),
        ("closed", AccountStatus::Closed),
        ("absent", AccountStatus::Absent),
    ];
    let status = entry.choice("status", &statuses);
    let holder = entry.text("name", |text| Ok(text.to_owned()));
    let balance =
        if entry.has("balance") { Some(entry.number("balance", &(0..=i64::MAX))?) } else { None };
    let place = name.split_once('/').and_then(|(bank, number)| {
        let bank = Institution::from_ascii(bank.as_bytes())?;
        Some((bank, AccountNumber::from_ascii(number.as_bytes())?))
    });
    let Some((bank, number)) = place else {
        section.fault(name, "is no bank and number: write 014/1000000001");
        return None;
    };
    let balance = balance.and_then(|minor| u64::try_from(minor).ok());
    Some((bank, number, Account { name: holder?, status: status?, balance }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixture_that_ships_has_no_fault() {
        let fixture = Fixture::shipped().unwrap();
        assert!(fixture.banks.len() > 20 && fixture.accounts.len() > 5);
        let known = |bank: &Institution| fixture.banks.contains(bank);
        assert!(fixture.accounts.iter().all(|(bank, ..)| known(bank)));
    }

    #[test]
    fn faults_are_told_with_their_keys() {
        let text = "institution = '999'\nbanks = ['002', 'x']\nothers = 'all'\n\
            [accounts]\n'002' = { status = 'shut', name = 'SITI' }\n";
        let faults = Fixture::parse("switch.toml", text).err().unwrap();
        let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, ["accounts.002", "accounts.002.status", "banks", "others"]);
    }
}
