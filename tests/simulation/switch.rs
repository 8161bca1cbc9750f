//! The switch: honest, and on a bad network. It moves money or does not, and says so, more or less.

use std::collections::HashMap;

use titian::transfer::Trace;

use crate::chance::{Chance, Faults};

/// What the switch made of a request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    Moved,
    Declined,
    Undone,
}

/// What it asked us for, and what it knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Waiting { tries: u32 },
    Approved,
    Declined,
    Reversing { tries: u32 },
    Reversed,
}

#[derive(Default)]
pub(crate) struct Switch {
    pub(crate) ours: HashMap<(u32, u64), (Made, u64)>,
    pub(crate) asked: HashMap<u128, (Asked, u64)>,
}

pub(crate) fn wire_key(trace: Trace) -> (u32, u64) {
    (trace.stan.number(), trace.at.millis() / 1000)
}

impl Switch {
    /// The response code to a request.
    pub(crate) fn request(
        &mut self,
        trace: Trace,
        minor: u64,
        chance: &mut Chance,
        faults: Faults,
    ) -> &'static str {
        let declines = chance.permille(faults.declined);
        let made = self
            .ours
            .entry(wire_key(trace))
            .or_insert_with(|| (if declines { Made::Declined } else { Made::Moved }, minor));
        assert_eq!(made.1, minor, "one number for two requests");
        if chance.permille(faults.unclear) {
            return "68";
        }
        match made.0 {
            Made::Moved => "00",
            Made::Declined | Made::Undone => "51",
        }
    }

    /// The response code to a reversal.
    pub(crate) fn reversal(
        &mut self,
        original: Trace,
        minor: u64,
        chance: &mut Chance,
        faults: Faults,
    ) -> &'static str {
        let not_found = chance.permille(faults.not_found);
        if chance.permille(faults.unclear) {
            return "96";
        }
        match self.ours.get_mut(&wire_key(original)) {
            Some((made @ Made::Moved, _)) => {
                *made = Made::Undone;
                "00"
            }
            Some((Made::Declined, _)) => "00",
            Some((Made::Undone, _)) => "94",
            // Not found, and maybe not yet: what comes later is moved. Or barred.
            None if not_found => "25",
            None => {
                self.ours.insert(wire_key(original), (Made::Undone, minor));
                "00"
            }
        }
    }
}
