//! A rig to run the adapter in: processes of this program, a channel that asks it, an operator of the switch that it is
//! connected to, and the books of all. The demo, the bench and the end-to-end tests are made of it.

mod admin;
mod books;
mod channel;
mod folder;
mod http;
mod process;
mod stage;

pub use admin::{AdminError, AtSwitch, Operator, Watcher};
pub use books::ThreeBooks;
pub use channel::{Channel, Outcome, Wanted, stamp};
pub use folder::{BANK, Folder, FolderError, PLENTY, account};
pub use http::{Client, NoAnswer};
pub use process::{Process, ProcessError};
pub use stage::{Closing, PATIENCE, Stage, StageError, any_port};
