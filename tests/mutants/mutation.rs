//! Which mutant is active. The crate has this module only in the copy that `tests/mutants` makes.

use std::cell::Cell;

thread_local! {
    static ACTIVE: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Activates a mutant on this thread. `None` deactivates it.
pub fn activate(mutant: Option<&'static str>) {
    ACTIVE.set(mutant);
}

/// Whether a mutant is active on this thread.
pub(crate) fn is_active(mutant: &str) -> bool {
    ACTIVE.get() == Some(mutant)
}
