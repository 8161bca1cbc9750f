//! Runs the product for demo, bench and end-to-end tests: processes of this program, a channel, the switch's admin interface,
//! and the books of all parties.

mod admin;
mod books;
mod channel;
mod folder;
mod ports;
mod process;
mod processes;

pub use crate::http_client::{HttpClient, NoResponse};
pub use admin::{AdapterProbe, AdminError, SwitchAdmin, SwitchTotals};
pub use books::ThreeBooks;
pub use channel::{ChannelClient, ChannelOutcome, TransferRequest, timestamp};
pub use folder::{AMPLE_BALANCE, BANK, Folder, FolderError, account, write_key_file};
pub use ports::ReservedPort;
pub use process::{Process, ProcessError};
pub use processes::{FinalBooks, Harness, HarnessError, RESPONSE_TIMEOUT, any_port};
