//! The simulated banks and their accounts, from the file `config/simulator.toml`.

use crate::settings::{Fault, Faults, Section, all, tree};
use crate::simulator::{Account, AccountStatus, UnlistedAccounts};
use crate::values::{AccountNumber, Institution, Value};

/// Banks and accounts.
#[derive(Clone)]
pub struct Fixture {
    /// The code of the switch.
    pub institution: Institution,
    /// The codes of the banks.
    pub banks: Vec<Institution>,
    /// Whether accounts that are not listed exist.
    pub unlisted_accounts: UnlistedAccounts,
    /// The listed accounts, by bank and number.
    pub accounts: Vec<(Institution, AccountNumber, Account)>,
}

impl Fixture {
    /// Reads the embedded file, `config/simulator.toml`.
    ///
    /// # Errors
    /// All errors in the file; a test proves that it has none.
    pub fn shipped() -> Result<Self, Vec<Fault>> {
        Self::parse("simulator.toml", include_str!("../../../config/simulator.toml"))
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
    let unlisted_accounts = top.choice(
        "unlisted_accounts",
        &[("exist", UnlistedAccounts::Exist), ("unknown", UnlistedAccounts::Unknown)],
    );
    let accounts = top
        .named("accounts")
        .and_then(|section| all(section.names().map(|name| account(&section, name))));
    Some(Fixture {
        institution: institution?,
        banks: banks?,
        unlisted_accounts: unlisted_accounts?,
        accounts: accounts?,
    })
}

/// Reads an account. Its key is the bank's code, a slash and the account number.
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
    let key = name.split_once('/').and_then(|(bank, number)| {
        let bank = Institution::from_ascii(bank.as_bytes())?;
        Some((bank, AccountNumber::from_ascii(number.as_bytes())?))
    });
    let Some((bank, number)) = key else {
        section.fault(name, "is not a bank and an account number: write 014/1000000001");
        return None;
    };
    let balance = balance.and_then(|minor| u64::try_from(minor).ok());
    Some((bank, number, Account { name: holder?, status: status?, balance }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_has_no_errors() {
        let fixture = Fixture::shipped().unwrap();
        assert!(fixture.banks.len() > 20 && fixture.accounts.len() > 5);
        let known = |bank: &Institution| fixture.banks.contains(bank);
        assert!(fixture.accounts.iter().all(|(bank, ..)| known(bank)));
    }

    #[test]
    fn errors_name_their_keys() {
        let text = "institution = '999'\nbanks = ['002', 'x']\nunlisted_accounts = 'all'\n\
            [accounts]\n'002' = { status = 'shut', name = 'SITI' }\n";
        let faults = Fixture::parse("simulator.toml", text).err().unwrap();
        let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, ["accounts.002", "accounts.002.status", "banks", "unlisted_accounts"]);
    }
}
