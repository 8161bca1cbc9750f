//! Sets of data elements.

use super::bitmap::Bitmap;
use super::de::De;

/// A set of data elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ElementSet(Bitmap);

impl ElementSet {
    /// The elements of a bitmap.
    pub(super) const fn of(bitmap: Bitmap) -> Self {
        Self(Bitmap { words: bitmap.elements() })
    }

    /// Returns whether the set has an element.
    #[must_use]
    pub fn contains(&self, de: De) -> bool {
        self.0.has(de)
    }

    /// Adds an element.
    pub fn insert(&mut self, de: De) {
        self.0.set(de);
    }

    /// Returns the elements that another set lacks.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut words = self.0.words;
        for (word, other) in words.iter_mut().zip(other.0.words) {
            *word &= !other;
        }
        Self(Bitmap { words })
    }

    /// Returns the element with the lowest number, if the set has any.
    #[must_use]
    pub fn first(&self) -> Option<De> {
        self.iter().next()
    }

    /// Iterates over the elements in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = De> {
        self.0.iter()
    }
}

impl FromIterator<De> for ElementSet {
    fn from_iter<I: IntoIterator<Item = De>>(elements: I) -> Self {
        let mut set = Self::default();
        set.extend(elements);
        set
    }
}

impl Extend<De> for ElementSet {
    fn extend<I: IntoIterator<Item = De>>(&mut self, elements: I) {
        elements.into_iter().for_each(|de| self.insert(de));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_added_and_lacks_what_the_other_has() {
        let set: ElementSet = [De::RECEIVER, De::PAN, De::MAC].into_iter().collect();
        assert!(set.contains(De::MAC) && !set.contains(De::MAC_2));
        assert_eq!(set.iter().collect::<Vec<_>>(), [De::PAN, De::MAC, De::RECEIVER]);
        let rest = set.without(&[De::PAN, De::STAN].into_iter().collect());
        assert_eq!(rest.first(), Some(De::MAC));
        assert_eq!(rest.without(&rest).first(), None);
    }
}
