//! A switch's rules as data: what differs from one network to the next.

mod session;

pub use session::{
    Caps, Headers, Management, ManagementAnswers, SessionRules, SessionTimers, Spread, Starter,
};
