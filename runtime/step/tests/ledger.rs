//! Windows, against a count by hand.

use journey_spec::program::Window::Rolling;
use journey_step::ledger::{Places, Tally, frees_at, in_window, most_in_window};
use proptest::prelude::*;

#[test]
fn a_window_is_open_at_its_beginning_and_closed_at_its_end() {
    assert!(in_window(100, 100, 10));
    assert!(in_window(91, 100, 10));
    assert!(!in_window(90, 100, 10));
    assert!(!in_window(101, 100, 10));
    assert!(in_window(i64::MAX, i64::MAX, i64::MAX));
    assert!(!in_window(i64::MIN, i64::MIN, i64::MAX));
}

#[test]
fn a_longer_window_holds_as_many_as_fit_into_its_pieces() {
    assert_eq!(most_in_window(3, Rolling(10), 0), 0);
    assert_eq!(most_in_window(3, Rolling(10), 1), 3);
    assert_eq!(most_in_window(3, Rolling(10), 10), 3);
    assert_eq!(most_in_window(3, Rolling(10), 11), 6);
    assert_eq!(most_in_window(u64::MAX, Rolling(1), i64::MAX), u64::MAX);
    assert_eq!(most_in_window(1, Rolling(0), 5), u64::MAX);
}

#[test]
fn nothing_passes_a_limit_of_none() {
    assert_eq!(frees_at([].into_iter(), 0, Rolling(10), &Places::default(), 5), Some(None));
    assert!(Tally::default().is_full(0, None, &Places::default(), 5));
    assert!(Tally::default().is_full(0, Some(Rolling(10)), &Places::default(), 5));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// A limiter that asks at every attempt never lets more through than its bound, lets through whatever fits, and
    /// says truly when it frees.
    #[test]
    fn a_limiter_lets_through_what_fits_and_no_more(
        gaps in prop::collection::vec(0..7_i64, 1..80), n in 0..5_u32, per in 1..20_i64, window in 1..60_i64,
    ) {
        let (mut now, mut passed, mut tally) = (0, Vec::<i64>::new(), Tally::default());
        for gap in gaps {
            now += gap;
            let inside = |t: i64| passed.iter().filter(|p| t - per < **p && **p <= t).count();
            let frees = frees_at(passed.iter().rev().copied(), n, Rolling(per), &Places::default(), now);
            prop_assert_eq!(frees.is_none(), inside(now) < n as usize);
            prop_assert_eq!(tally.is_full(n, Some(Rolling(per)), &Places::default(), now), frees.is_some());
            match frees {
                None => {
                    passed.push(now);
                    tally.charge(n, Some(Rolling(per)), now);
                }
                Some(at) => {
                    let truly = (now..now + 100).find(|t| inside(*t) < n as usize);
                    prop_assert_eq!(at, truly);
                }
            }
            prop_assert!(tally.recent.len() <= n as usize);
        }
        for t in 0..now {
            let inside = passed.iter().filter(|p| t <= **p && **p < t + window).count() as u64;
            prop_assert!(inside <= most_in_window(u64::from(n), Rolling(per), window));
        }
    }
}
