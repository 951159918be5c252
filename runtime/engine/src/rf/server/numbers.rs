//! Accounting-Record-Numbers of one session that were processed.

/// How many runs of numbers are kept. The records of a session come in order but for a few, so there is one run, or two.
const RUNS: usize = 32;

/// A set of numbers, kept as runs. Where there are too many runs, the lowest is forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers(Vec<(u32, u32)>);

impl Numbers {
    pub(super) fn contains(&self, number: u32) -> bool {
        let next = self.0.partition_point(|(_, last)| *last < number);
        self.0.get(next).is_some_and(|(first, _)| *first <= number)
    }

    pub(super) fn insert(&mut self, number: u32) {
        if self.contains(number) {
            return;
        }
        let next = self.0.partition_point(|(_, last)| *last < number);
        let follows = next > 0 && self.0[next - 1].1 + 1 == number;
        let precedes = self.0.get(next).is_some_and(|(first, _)| number + 1 == *first);
        match (follows, precedes) {
            (true, true) => {
                self.0[next - 1].1 = self.0[next].1;
                self.0.remove(next);
            }
            (true, false) => self.0[next - 1].1 = number,
            (false, true) => self.0[next].0 = number,
            (false, false) => {
                self.0.insert(next, (number, number));
                if self.0.len() > RUNS {
                    self.0.remove(0);
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Numbers, RUNS};
    use proptest::prelude::*;

    #[test]
    fn records_in_order_are_one_run() {
        let mut numbers = Numbers::default();
        (0..1000).for_each(|number| numbers.insert(number));
        numbers.insert(u32::MAX);
        assert_eq!(numbers.0, [(0, 999), (u32::MAX, u32::MAX)]);
        assert!(numbers.contains(0) && numbers.contains(999) && numbers.contains(u32::MAX) && !numbers.contains(1000));
    }

    #[test]
    fn the_lowest_run_is_forgotten() {
        let mut numbers = Numbers::default();
        (0..=RUNS as u32).for_each(|number| numbers.insert(number * 2));
        assert!(!numbers.contains(0) && numbers.contains(2));
    }

    proptest! {
        #[test]
        fn a_set(inserted in prop::collection::vec(0..60_u32, 0..100)) {
            let mut numbers = Numbers::default();
            inserted.iter().for_each(|number| numbers.insert(*number));
            for number in 0..60 {
                prop_assert_eq!(numbers.contains(number), inserted.contains(&number));
            }
            // Apart, in order, and each the right way round.
            prop_assert!(numbers.0.iter().all(|(first, last)| first <= last));
            prop_assert!(numbers.0.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        }
    }
}
