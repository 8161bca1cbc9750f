//! A switch's rules as data: where what money does and what bytes say meet.
//!
//! A [`Network`] is made of a profile (`config/networks/*.toml`) and a spec. It fills the rules of the machines, says
//! their effects as messages, and reads what the switch says. It knows no socket and no transfer's state.

mod messages;
mod pattern;
mod profile;
mod reading;
mod said;
mod session;

pub use messages::SpeakError;
pub use pattern::TooLong;
pub use profile::Network;
pub use reading::{Answered, Incoming, ReadError, WireKey};
pub use said::Bank;
pub use session::{
    Caps, Headers, Management, ManagementAnswers, SessionRules, SessionTimers, Spread, Starter,
};
