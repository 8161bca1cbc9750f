//! What a verification lets its caller check.

use super::row::ChainedRow;

/// What the caller of a verification checks beside it: what the rows mean.
pub trait RowCheck {
    /// Checks an act of the chain `control`. All acts come before the first row.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check_act(&mut self, _number: u64, _act: &str) -> Result<(), String> {
        Ok(())
    }

    /// Checks a row that passed.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check_row(&mut self, number: u64, row: &ChainedRow) -> Result<(), String>;
}

/// Checks each row with a function, and no act.
pub(super) struct EachRow<F>(pub(super) F);

impl<F: FnMut(u64, &ChainedRow) -> Result<(), String>> RowCheck for EachRow<F> {
    fn check_row(&mut self, number: u64, row: &ChainedRow) -> Result<(), String> {
        (self.0)(number, row)
    }
}
