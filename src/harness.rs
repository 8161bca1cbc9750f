//! Runs the product for demo, bench and end-to-end tests: processes of this program, a channel, the switch's admin interface,
//! and the books of all parties.

mod admin;
mod books;
mod channel;
mod folder;
mod operators;
mod ports;
mod process;
mod processes;
mod tap;

pub use crate::http_client::{HttpClient, NoResponse};
pub use admin::{AdapterProbe, AdminError, SwitchAdmin, SwitchTotals};
pub use books::ThreeBooks;
pub use channel::{ChannelClient, ChannelOutcome, TransferRequest, timestamp};
pub use folder::{AMPLE_BALANCE, BANK, Folder, FolderError, account, write_key_file};
pub use operators::{FirstAdministrators, Operator, OperatorError, OperatorSession, Operators};
pub use ports::ReservedPort;
pub use process::{Process, ProcessError};
pub use processes::{FinalBooks, Harness, HarnessError, RESPONSE_TIMEOUT, any_port};
pub use tap::{Passed, Tap};
