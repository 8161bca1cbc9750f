//! What is said of arguments that are none.

use clap::error::{ContextKind, ContextValue};

use super::beginning;
use super::failure::without_controls;

/// The error with arguments told by their beginning: one may be a message that was given in the wrong place.
pub(super) fn guarded(mut error: clap::Error) -> clap::Error {
    let mut shortened = false;
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand, ContextKind::InvalidValue]
    {
        let Some(ContextValue::String(text)) = error.get(kind) else { continue };
        let told = without_controls(&beginning(text));
        if told != *text {
            shortened = true;
            error.insert(kind, ContextValue::String(told));
        }
    }
    if shortened {
        // It is made of the argument, whole.
        error.remove(ContextKind::Suggested);
    }
    error
}
