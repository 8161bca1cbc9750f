//! Errors of the command line arguments.

use clap::error::{ContextKind, ContextValue};

use super::beginning;
use super::failure::without_controls;

/// Shortens the arguments in an error: one may be a message that was typed in the wrong place.
pub(super) fn guarded(mut error: clap::Error) -> clap::Error {
    let mut shortened = false;
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand, ContextKind::InvalidValue]
    {
        let Some(ContextValue::String(text)) = error.get(kind) else { continue };
        let shown = without_controls(&beginning(text));
        if shown != *text {
            shortened = true;
            error.insert(kind, ContextValue::String(shown));
        }
    }
    if shortened {
        // A suggestion contains the whole argument.
        error.remove(ContextKind::Suggested);
    }
    error
}
