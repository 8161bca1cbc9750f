//! The sealed personal data of a batch: of each row that has any, its number, the length, and the sealed bytes.

/// The sealed personal data of a batch's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedRows(pub Vec<u8>);

impl SealedRows {
    /// Adds the sealed data of a row.
    pub(super) fn add(&mut self, row: u64, sealed: &[u8]) {
        self.0.extend_from_slice(&row.to_be_bytes());
        self.0.extend_from_slice(&(sealed.len() as u64).to_be_bytes());
        self.0.extend_from_slice(sealed);
    }

    /// Returns whether no row has any.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the sealed data of a row; `None` if it has none, or the bytes are damaged before it.
    pub(super) fn of(&self, row: u64) -> Option<&[u8]> {
        let mut rest = self.0.as_slice();
        loop {
            let (number, sealed, after) = split(rest)?;
            if number == row {
                return Some(sealed);
            }
            rest = after;
        }
    }

    /// Returns the rows that have any, in order; `None` unless all bytes are the data of rows, each row once and in order.
    pub(super) fn rows(&self) -> Option<Vec<u64>> {
        let (mut rest, mut rows) = (self.0.as_slice(), Vec::new());
        while !rest.is_empty() {
            let (number, _, after) = split(rest)?;
            if rows.last().is_some_and(|last| *last >= number) {
                return None;
            }
            rows.push(number);
            rest = after;
        }
        Some(rows)
    }

    /// Whether all bytes are the data of rows from `first` to `last`.
    pub(super) fn is_within(&self, (first, last): (u64, u64)) -> bool {
        let rows = self.rows();
        rows.is_some_and(|rows| rows.iter().all(|row| (first..=last).contains(row)))
    }
}

/// Splits off the data of the first row: its number, the data, and the rest.
fn split(bytes: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let (number, after) = bytes.split_first_chunk::<8>()?;
    let (length, after) = after.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    let (sealed, after) = after.split_at_checked(length)?;
    Some((u64::from_be_bytes(*number), sealed, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_of_a_row_is_found_and_damaged_bytes_have_none() {
        let mut rows = SealedRows::default();
        rows.add(7, b"seven");
        rows.add(9, b"");
        assert_eq!(
            (rows.of(7), rows.of(8), rows.of(9)),
            (Some(&b"seven"[..]), None, Some(&b""[..]))
        );
        for length in 0..rows.0.len() {
            let cut = SealedRows(rows.0[..length].to_vec());
            assert!(cut.of(9).is_none(), "{length}");
        }
        assert_eq!(SealedRows(vec![0xFF; 40]).of(7), None);
    }

    #[test]
    fn every_byte_belongs_to_a_row_and_each_row_stands_once_and_in_order() {
        let rows = |numbers: &[u64]| {
            let mut rows = SealedRows::default();
            for number in numbers {
                rows.add(*number, b"data");
            }
            rows
        };
        assert_eq!(SealedRows::default().rows(), Some(Vec::new()));
        assert_eq!(rows(&[7, 9]).rows(), Some(vec![7, 9]));
        assert_eq!(rows(&[9, 7]).rows(), None);
        assert_eq!(rows(&[7, 7]).rows(), None);
        let mut longer = rows(&[7, 9]);
        longer.0.push(0);
        assert_eq!((longer.rows(), longer.of(9)), (None, Some(&b"data"[..])));
        assert!(rows(&[7, 9]).is_within((7, 9)) && !longer.is_within((7, 9)));
        assert!(!rows(&[7, 9]).is_within((8, 9)) && !rows(&[7, 9]).is_within((7, 8)));
    }
}
