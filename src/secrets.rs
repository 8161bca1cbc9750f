//! Secrets: the value of a secret file, and which values are too weak.

mod value;
mod weak;

pub use value::without_line_end;
pub use weak::{Weakness, weakness};
