//! Chance, in whole numbers only, so that it falls alike on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Tells this generator's streams from those of any other program with the same seed. Changing it changes every corpus.
const DOMAIN: &[u8; 24] = b"bezwaar made-up corpus 1";

/// All the chance of one corpus.
#[derive(Clone)]
pub(super) struct Seed(ChaCha8Rng);

impl Seed {
    /// The chance of a seed.
    pub(super) fn new(seed: u64) -> Seed {
        let mut key = [0_u8; 32];
        let (number, domain) = key.split_at_mut(8);
        number.copy_from_slice(&seed.to_le_bytes());
        domain.copy_from_slice(DOMAIN);
        Seed(ChaCha8Rng::from_seed(key))
    }

    /// A stream of it.
    pub(super) fn stream(&self, number: u64) -> Dice {
        let mut rng = self.0.clone();
        rng.set_stream(number);
        Dice(rng)
    }
}

/// A stream of chance.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// Any number.
    pub(super) fn any(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below another; the bias is below one in 2³² for the numbers used here.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        u64::try_from((u128::from(self.any()) * u128::from(end)) >> 64).unwrap_or_default()
    }

    /// A second from one moment to another.
    pub(super) fn between(&mut self, from: i64, through: i64) -> i64 {
        let span = u64::try_from(through.saturating_sub(from)).unwrap_or_default();
        from.saturating_add(i64::try_from(self.below(span.saturating_add(1))).unwrap_or_default())
    }

    /// Yes, so many times in a million.
    pub(super) fn chance(&mut self, ppm: u64) -> bool {
        self.below(1_000_000) < ppm
    }

    /// One of the values, by their weights.
    pub(super) fn pick<T: Copy>(&mut self, weighted: &[(u64, T)]) -> Option<T> {
        let total = weighted.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(total);
        for (weight, value) in weighted {
            if left < *weight {
                return Some(*value);
            }
            left -= weight;
        }
        None
    }

    /// A length in characters, as texts have them: log-normal with a median of 80.
    pub(super) fn length(&mut self) -> usize {
        let draw = self.any();
        let place = usize::try_from(draw >> 58).unwrap_or_default();
        let within = (draw >> 26) & 0xffff_ffff;
        let at = |place: usize| LENGTHS.get(place).copied().unwrap_or_default();
        let (low, high) = (at(place), at(place + 1));
        usize::try_from(low + (((high - low) * within) >> 32)).unwrap_or_default()
    }
}

/// The 64-quantiles of a log-normal distribution with median 80 and sigma 1.15, cut at the ends.
const LENGTHS: [u64; 65] = [
    3, 7, 9, 12, 14, 16, 18, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 46, 48, 50, 53, 55, 58, 61, 64, 67, 70, 73, 76, 80, 84,
    88, 92, 96, 100, 105, 110, 115, 121, 127, 133, 140, 148, 156, 164, 174, 184, 195, 208, 222, 238, 256, 276, 300, 329, 364, 409, 467,
    550, 681, 952, 3781,
];

/// Who writes how much: Zipf's law with Mandelbrot's shift, so that the first does not write everything.
pub(super) struct Authors {
    /// The weights of all up to each, summed.
    sums: Vec<u64>,
}

const ZIPF_SHIFT: u64 = 10;
const ZIPF_SCALE: u64 = 1 << 40;

impl Authors {
    /// The authors 0 to `people`, the first writing most.
    pub(super) fn new(people: u64) -> Authors {
        let mut sum = 0;
        let sums = (0..people).map(|rank| {
            sum += ZIPF_SCALE / (rank + 1 + ZIPF_SHIFT);
            sum
        });
        Authors { sums: sums.collect() }
    }

    /// One of them.
    pub(super) fn draw(&self, dice: &mut Dice) -> u64 {
        let total = self.sums.last().copied().unwrap_or_default();
        let draw = dice.below(total);
        u64::try_from(self.sums.partition_point(|sum| *sum <= draw)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_fixed_for_good() {
        let mut dice = Seed::new(7).stream(3);
        assert_eq!([dice.any(), dice.any()], [3_095_251_865_448_462_101, 782_178_412_237_291_251]);
        assert_ne!(Seed::new(7).stream(4).any(), Seed::new(8).stream(4).any());
    }

    #[test]
    fn draws_are_spread_as_said() {
        let mut dice = Seed::new(1).stream(0);
        let yes = (0..100_000).filter(|_| dice.chance(50_000)).count();
        assert!((4_700..5_300).contains(&yes), "{yes}");
        let mut lengths: Vec<usize> = (0..10_001).map(|_| dice.length()).collect();
        lengths.sort_unstable();
        assert!((76..84).contains(&lengths[5_000]), "{}", lengths[5_000]);
        let authors = Authors::new(1_000);
        let mut counts = [0_u32; 1_000];
        for _ in 0..100_000 {
            counts[usize::try_from(authors.draw(&mut dice)).unwrap()] += 1;
        }
        // Rank 1 weighs (22 + 10) / (1 + 10) as much as rank 22.
        assert!(counts[0] > 2 * counts[21] && counts[0] < 4 * counts[21], "{} {}", counts[0], counts[21]);
        assert!(counts[999] > 0);
    }
}
