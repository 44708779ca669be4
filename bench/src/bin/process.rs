//! How long a command takes as a whole process, from its start to its end: `process journeyc check examples/appointment`.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use journey_bench::median;

const RUNS: usize = 101;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((program, rest)) = words.split_first() else {
        eprintln!("which command?");
        std::process::exit(2);
    };
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        let ended = Command::new(program).args(rest).stdout(Stdio::null()).stderr(Stdio::null()).status();
        times.push(began.elapsed());
        if !ended.is_ok_and(|status| status.success()) {
            eprintln!("`{}` does not run, or fails", words.join(" "));
            std::process::exit(1);
        }
    }
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    let fastest = times.iter().min().copied().unwrap_or_default();
    println!("{RUNS} runs: median {:.1} ms, fastest {:.1} ms", ms(median(times)), ms(fastest));
}
