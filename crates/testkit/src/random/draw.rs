//! Drawing from pools, deterministic by seed.

/// A source of draws.
#[derive(Clone, Debug)]
pub struct Draw(fastrand::Rng);

impl Draw {
    /// The source with this seed.
    pub fn new(seed: u64) -> Draw {
        Draw(fastrand::Rng::with_seed(seed))
    }

    /// True in so many of a hundred.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.0.u32(0..100) < percent
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.usize(0..end) }
    }

    /// One of them; the default when there is none.
    pub fn pick<T: Clone + Default>(&mut self, from: &[T]) -> T {
        let place = self.below(from.len());
        from.get(place).cloned().unwrap_or_default()
    }

    /// Each of them with so many chances of a hundred, in their order.
    pub fn some<T: Clone>(&mut self, from: &[T], percent: u32) -> Vec<T> {
        from.iter().filter(|_| self.chance(percent)).cloned().collect()
    }

    /// As [`Draw::some`], but at least one.
    pub fn some_or_one<T: Clone + Default>(&mut self, from: &[T], percent: u32) -> Vec<T> {
        let some = self.some(from, percent);
        if some.is_empty() { vec![self.pick(from)] } else { some }
    }

    /// A value in so many of a hundred.
    pub fn maybe<T>(&mut self, percent: u32, value: impl FnOnce(&mut Draw) -> T) -> Option<T> {
        self.chance(percent).then(|| value(self))
    }

    /// In another order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        self.0.shuffle(list);
    }
}
