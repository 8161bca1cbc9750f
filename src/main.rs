//! The `titian` program.
fn main() {}
