//! The same question to this compiler, to SPIN and to Stateright: `scripts/peers`.
//!
//! `journey-peers <directory> <seconds> <seeds>` asks; `journey-peers stateright …` is the process in which Stateright is
//! run, so that it can be stopped. An answer that is not the expected one, or none for another reason than time or memory,
//! ends it with a failure.

mod question;
mod rust;
mod spin;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use journey_bench::median;
use journey_compiler::model::{Budget, Prepared};
use question::{MINUTE, Question};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How often our side is asked for each time that a peer is; its time is the median.
const OURS: usize = 101;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["stateright", states, seed, window, target] => stateright(states, seed, window, target),
        [directory, seconds, seeds] => all(directory, seconds, seeds),
        _ => Err("journey-peers <directory> <seconds a run> <number of seeds>".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What is asked, by numbers.
#[derive(Clone, Copy)]
struct Asked {
    states: usize,
    seed: u64,
    window: u16,
}

/// What came of asking a peer.
#[derive(Clone, Copy)]
struct Answer {
    /// Whether so many can be sent; none where time or memory ran out.
    can: Option<bool>,
    took: Duration,
}

/// Who is asked.
#[derive(Clone, Copy, PartialEq)]
enum Peer {
    Spin,
    Stateright,
}

struct Sitting {
    peers: Vec<Peer>,
    directory: PathBuf,
    limit: Duration,
}

fn all(directory: &str, seconds: &str, seeds: &str) -> Result<()> {
    let has_spin =
        Command::new("spin").arg("-V").output().is_ok() && Command::new("gcc").arg("--version").output().is_ok();
    if !has_spin {
        println!("spin or gcc is not there (Debian: apt-get install spin gcc); going on without SPIN");
    }
    let peers = [Peer::Spin, Peer::Stateright].into_iter().filter(|p| has_spin || *p != Peer::Spin).collect();
    let sitting = Sitting { peers, directory: directory.into(), limit: Duration::from_secs(seconds.parse()?) };
    println!("a run of a peer ends after {seconds} s; load {}", load());

    println!("small: 20 states, 24 hours; alpha can be sent, one more cannot");
    for seed in 1..=seeds.parse()? {
        let asked = Asked { states: 20, seed, window: 24 * 60 };
        let (alpha, _) = ours(asked)?;
        for peer in &sitting.peers {
            for (target, expected) in [(alpha, true), (alpha + 1, false)] {
                let answer = sitting.ask(*peer, asked, target)?;
                if answer.can != Some(expected) {
                    return Err(format!("seed {seed}, {target} messages: {} differs", name(*peer)).into());
                }
            }
        }
        println!("seed {seed}: alpha = {alpha}, all agree");
    }

    for (hours, of) in [(24, "24 hours"), (7 * 24, "7 days")] {
        println!("100 states, {of}: one more than alpha cannot be sent");
        sitting.compare(hours * 60, seeds.parse()?)?;
    }
    Ok(())
}

fn name(peer: Peer) -> &'static str {
    match peer {
        Peer::Spin => "SPIN",
        Peer::Stateright => "Stateright",
    }
}

/// The most messages, and how long it takes to know from the model on.
fn ours(asked: Asked) -> Result<(u64, Duration)> {
    let question = Question::random(asked.states, asked.seed, asked.window);
    let mut times = Vec::new();
    let mut alpha = None;
    for _ in 0..OURS {
        let began = Instant::now();
        alpha = Prepared::new(&question.model, Budget::default())
            .analysis()
            .alpha(i64::from(asked.window) * MINUTE)
            .count();
        times.push(began.elapsed());
    }
    Ok((alpha.ok_or("this model has no bound")?, median(times)))
}

impl Sitting {
    fn compare(&self, window: u16, seeds: u64) -> Result<()> {
        let mut own = Vec::new();
        let mut times = vec![Vec::new(); self.peers.len()];
        let mut stopped = vec![0; self.peers.len()];
        for seed in 1..=seeds {
            let asked = Asked { states: 100, seed, window };
            let (alpha, took) = ours(asked)?;
            own.push(took);
            print!("seed {seed}: alpha = {alpha}; Journey {:.3} ms", took.as_secs_f64() * 1_000.0);
            for (i, peer) in self.peers.iter().enumerate() {
                let answer = self.ask(*peer, asked, alpha + 1)?;
                let seconds = answer.took.as_secs_f64();
                match answer.can {
                    Some(true) => return Err(format!("seed {seed}, {}: {} can be sent", name(*peer), alpha + 1).into()),
                    Some(false) => print!("; {} {seconds:.1} s", name(*peer)),
                    None => {
                        stopped[i] += 1;
                        print!("; {} without an answer after {seconds:.1} s", name(*peer));
                    }
                }
                times[i].push(answer.took);
            }
            println!("; load {}", load());
        }
        let own = median(own).as_secs_f64();
        println!("medians: Journey {:.3} ms", own * 1_000.0);
        for ((peer, times), stopped) in self.peers.iter().zip(times).zip(stopped) {
            let theirs = median(times).as_secs_f64();
            let more = if stopped > 0 { "at least " } else { "" };
            let ratio = theirs / own;
            println!(
                "{}: {more}{theirs:.1} s, {more}{ratio:.0} times as long; {stopped} without an answer",
                name(*peer)
            );
        }
        Ok(())
    }

    fn ask(&self, peer: Peer, asked: Asked, target: u64) -> Result<Answer> {
        match peer {
            Peer::Spin => self.spin(asked, target),
            Peer::Stateright => {
                let numbers = [asked.states as u64, asked.seed, u64::from(asked.window), target];
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("stateright").args(numbers.map(|n| n.to_string()));
                let (said, took) = self.timed(&mut command)?;
                let answer = said.as_deref().map(|said| match said.trim() {
                    "can" => Ok(true),
                    "cannot" => Ok(false),
                    other => Err(format!("Stateright said: {other}")),
                });
                Ok(Answer { can: answer.transpose()?, took })
            }
        }
    }

    /// What is timed is the run of pan alone, not its being made and compiled.
    fn spin(&self, asked: Asked, target: u64) -> Result<Answer> {
        let here = self.directory.join("spin");
        fs::create_dir_all(&here)?;
        let question = Question::random(asked.states, asked.seed, asked.window);
        fs::write(here.join("question.pml"), spin::promela(&question, target))?;
        run(Command::new("spin").args(["-a", "question.pml"]), &here)?;
        // Without partial order, which one process has no use for, and without cycles, that nobody asks for.
        run(
            Command::new("gcc").args(["-O2", "-w", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=8000", "-o", "pan", "pan.c"]),
            &here,
        )?;
        // A deeper search than any run, a table of 2^26 slots, and no complaint of runs that end with the window.
        let (said, took) =
            self.timed(Command::new(here.join("pan")).args(["-E", "-m100000", "-w26"]).current_dir(&here))?;
        let Some(said) = said else { return Ok(Answer { can: None, took }) };
        let can = match said {
            _ if said.contains("assertion violated") => Some(true),
            _ if said.contains("reached -DMEMLIM bound") => None,
            _ if said.contains("errors: 0") && !said.contains("too small") && !said.contains("not completed") => {
                Some(false)
            }
            said => return Err(format!("SPIN did not end its search:\n{said}").into()),
        };
        Ok(Answer { can, took })
    }

    /// What a command writes, and how long it ran; nothing where it had to be stopped.
    fn timed(&self, command: &mut Command) -> Result<(Option<String>, Duration)> {
        let out = self.directory.join("said");
        let began = Instant::now();
        let mut child = command.stdout(Stdio::from(fs::File::create(&out)?)).spawn()?;
        loop {
            if let Some(status) = child.try_wait()? {
                let took = began.elapsed();
                let said = fs::read_to_string(&out)?;
                return match status.code() {
                    Some(0) => Ok((Some(said), took)),
                    // What ends by a signal ran into a limit on memory.
                    None => Ok((None, took)),
                    _ => Err(format!("{command:?} failed: {said}").into()),
                };
            }
            if began.elapsed() > self.limit {
                child.kill()?;
                child.wait()?;
                return Ok((None, began.elapsed()));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn run(command: &mut Command, here: &Path) -> Result<()> {
    let done = command.current_dir(here).output()?;
    match done.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&done.stderr)).into()),
    }
}

fn stateright(states: &str, seed: &str, window: &str, target: &str) -> Result<()> {
    let question = Question::random(states.parse()?, seed.parse()?, window.parse()?);
    let can = rust::check(question, target.parse()?);
    println!("{}", if can { "can" } else { "cannot" });
    Ok(())
}

/// The load of the last minute.
fn load() -> String {
    fs::read_to_string("/proc/loadavg").ok().and_then(|l| Some(l.split(' ').next()?.to_owned())).unwrap_or_default()
}
