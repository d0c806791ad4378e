//! The generator behind `numpy.random`, so that a seed gives the order of batches that it gives in
//! `mlx_lm`.

/// Words of the state.
const WORDS: usize = 624;

/// MT19937 (Matsumoto and Nishimura, 1998).
#[derive(Debug, Clone)]
pub(crate) struct Mersenne {
    state: [u32; WORDS],
    at: usize,
}

impl Mersenne {
    /// As `numpy.random.seed(seed)`.
    pub(crate) fn new(seed: u32) -> Mersenne {
        let mut state = [seed; WORDS];
        for at in 1..WORDS {
            let last = state[at - 1];
            state[at] = (last ^ (last >> 30)).wrapping_mul(1_812_433_253).wrapping_add(at as u32);
        }
        Mersenne { state, at: WORDS }
    }

    fn next(&mut self) -> u32 {
        if self.at == WORDS {
            for at in 0..WORDS {
                let mixed = (self.state[at] & 0x8000_0000) | (self.state[(at + 1) % WORDS] & 0x7fff_ffff);
                let odd = if mixed & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[at] = self.state[(at + 397) % WORDS] ^ (mixed >> 1) ^ odd;
            }
            self.at = 0;
        }
        let mut word = self.state[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A number from 0 to `most`: words are masked, and rejected while they are above it.
    fn up_to(&mut self, most: u32) -> u32 {
        let mask = most.checked_next_power_of_two().map_or(u32::MAX, |above| match above == most {
            true => (above << 1).wrapping_sub(1),
            false => above - 1,
        });
        loop {
            let word = self.next() & mask;
            if word <= most {
                return word;
            }
        }
    }

    /// As `numpy.random.permutation(length)`.
    pub(crate) fn permutation(&mut self, length: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..length).collect();
        for at in (1..length).rev() {
            // There are far fewer than 2³² batches.
            let other = self.up_to(at as u32) as usize;
            order.swap(at, other);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From numpy 2: `numpy.random.seed(7)`, then three permutations.
    #[test]
    fn permutations_are_those_of_numpy() {
        let mut random = Mersenne::new(7);
        let found: Vec<Vec<usize>> = [10, 16, 1].map(|length| random.permutation(length)).to_vec();
        assert_eq!(found, NUMPY.map(<[usize]>::to_vec));
        let mut random = Mersenne::new(0);
        let sum = (0..50).map(|_| random.permutation(300)[0]).sum::<usize>();
        assert_eq!(sum, SUM);
    }

    const NUMPY: [&[usize]; 3] =
        [&[8, 5, 0, 2, 1, 9, 7, 3, 6, 4], &[1, 5, 2, 13, 3, 12, 9, 11, 0, 4, 6, 7, 8, 15, 10, 14], &[0]];
    const SUM: usize = 7354;
}
