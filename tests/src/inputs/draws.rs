//! Decisions out of bytes: each byte decides something, and where there are none left everything is the first of its kind.

pub struct Draws<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl Draws<'_> {
    pub fn new(bytes: &[u8]) -> Draws<'_> {
        Draws { bytes: bytes.iter() }
    }

    fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    /// A whole number below `bound`, which is not zero.
    pub fn below(&mut self, bound: usize) -> usize {
        let wide = bound > 256;
        let number = usize::from(self.byte()) | if wide { usize::from(self.byte()) << 8 } else { 0 };
        number % bound
    }

    pub fn pick<'a, T: ?Sized>(&mut self, among: &[&'a T]) -> &'a T {
        among[self.below(among.len())]
    }

    pub fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == chances - 1
    }
}
