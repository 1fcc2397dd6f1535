//! What must hold whatever a guest sends: for a fuzzer, and for tests with bytes that were made up.
#![allow(clippy::panic, reason = "what does not hold is told by a panic")]

use crate::frame::{Decoder, Frame, FrameError};
use crate::limits::RESULT_BYTES_MAX;

/// The key of the frames that are read. A fuzzer need not guess it.
pub const KEY: [u8; 16] = [0; 16];
/// Header of a frame and what the largest holds.
const FRAME_BYTES_MAX: usize = 37 + RESULT_BYTES_MAX;
/// How much is read at once, as the first bytes of the input say.
const CUTS: usize = 4;

/// Reads frames out of `input`, in pieces of different lengths and in one: that must make no difference, and no more may
/// be held than a frame and what was read last.
pub fn frames(input: &[u8]) {
    let (cuts, bytes) = input.split_at(input.len().min(CUTS));
    let cuts: Vec<usize> = cuts.iter().map(|cut| usize::from(*cut) + 1).collect();
    let whole = read(bytes, &[bytes.len().max(1)]);
    if !cuts.is_empty() {
        assert_eq!(read(bytes, &cuts), whole, "a cut makes a difference");
    }
}

fn read(mut bytes: &[u8], cuts: &[usize]) -> (Vec<Frame>, Option<FrameError>) {
    let mut decoder = Decoder::new(KEY);
    let mut frames = Vec::new();
    for cut in cuts.iter().cycle() {
        let (piece, rest) = bytes.split_at(bytes.len().min(*cut));
        if piece.is_empty() {
            break;
        }
        bytes = rest;
        decoder.space().extend_from_slice(piece);
        loop {
            match decoder.next() {
                Ok(Some(frame)) => {
                    assert!(
                        frame.payload.len() <= RESULT_BYTES_MAX,
                        "a frame is too large"
                    );
                    frames.push(frame);
                }
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        let held = decoder.space().len();
        assert!(held < FRAME_BYTES_MAX, "{held} bytes are held");
    }
    (frames, None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{KEY, frames};

    /// A frame with a kind and a length that may be wrong, and a payload that may be short.
    fn frame() -> impl Strategy<Value = Vec<u8>> {
        let kind = prop_oneof![8 => 16_u8..23, 1 => any::<u8>()];
        let payload = prop::collection::vec(any::<u8>(), 0..80);
        let error =
            prop_oneof![8 => Just(0_i64), 1 => -40_i64..40, 1 => any::<u32>().prop_map(i64::from)];
        let key = prop_oneof![9 => Just(KEY), 1 => any::<[u8; 16]>()];
        (kind, payload, error, key).prop_map(|(kind, payload, error, key)| {
            let is_empty = [16, 18, 20, 22].contains(&kind);
            let payload = if is_empty { Vec::new() } else { payload };
            let length = (33 + payload.len() as i64 + error) as u32;
            let mut bytes = length.to_le_bytes().to_vec();
            bytes.push(kind);
            bytes.extend(key);
            bytes.extend([7; 16]);
            bytes.extend(payload);
            bytes
        })
    }

    proptest! {
        #[test]
        fn bytes_are_frames_or_an_error_however_they_are_cut(
            input in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            frames(&input);
        }

        #[test]
        fn nearly_frames_are_frames_or_an_error_however_they_are_cut(
            cuts: [u8; 4],
            sent in prop::collection::vec(frame(), 0..6),
        ) {
            let mut input = cuts.to_vec();
            input.extend(sent.concat());
            frames(&input);
        }
    }
}
