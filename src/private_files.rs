//! Files that only their owner may change: keys, secrets, stores. A file that other users can reach is refused, and no link to a
//! file is followed.

mod check;
mod file;

pub use check::{Access, FileFault, check, check_folder, check_if_present};
pub use file::{create, create_anew, create_folder, create_if_missing, read, sync_name};
