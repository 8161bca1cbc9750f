//! Attackers with write access to the files and without any key: what was done, what `verify` and the start said, and what became
//! of the rows when they were used. No attack is both accepted and verified, and none is acted on.

mod acts;
mod archives;
mod files;
mod forged;
mod ledger;
mod lookups;
mod running;
mod runs;
mod store;
mod table;
pub(crate) mod world;
