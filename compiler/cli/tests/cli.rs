//! The binary as a user meets it: exit codes, what goes to stdout and stderr, and what wrong input of each kind says.

mod support;

use std::fs;

use support::{Place, without_times};

#[test]
fn a_clean_project_checks_clean_and_shows_its_bounds() {
    let place = Place::with_project();
    let ran = place.run(&["check", "visit"]);
    assert_eq!(
        (ran.code, ran.err_without_times()),
        (0, "checked 1 project, 3 files, 1 journey: 0 findings in N ms\n".into()),
        "{ran:?}"
    );
    assert!(ran.out.contains("visit: how much can reach a customer at most"), "{}", ran.out);
    assert!(ran.out.contains("messages to one customer"), "{}", ran.out);
}

#[test]
fn a_finding_is_printed_with_its_place_and_exits_with_1() {
    let place = Place::with_project();
    place.replace("visit/visit.journey", "send confirmation", "send confirmatoin");
    let full = place.run(&["check", "visit"]);
    assert_eq!(full.code, 1);
    assert!(full.out.contains("error[J0101]: "), "{}", full.out);
    assert!(full.out.contains("┌ visit/visit.journey:"), "{}", full.out);
    assert!(full.out.contains("did you mean `confirmation`?"), "{}", full.out);
    assert!(!full.out.contains('\u{1b}'), "no colours without a terminal");
    let concise = place.run(&["check", "visit", "--format", "concise"]);
    assert_eq!(concise.code, 1);
    assert!(
        concise.out.lines().any(|l| l.starts_with("visit/visit.journey:") && l.contains(": error[J0101] ")),
        "{}",
        concise.out
    );
}

#[test]
fn colours_are_forced_and_suppressed() {
    let place = Place::with_project();
    place.replace("visit/visit.journey", "send confirmation", "send confirmatoin");
    assert!(place.run(&["check", "visit", "--color", "always"]).out.contains('\u{1b}'));
    assert!(!place.run(&["check", "visit", "--color", "never"]).out.contains('\u{1b}'));
    assert!(!place.run(&["check", "visit"]).out.contains('\u{1b}'));
}

#[test]
fn json_findings_have_the_right_positions() {
    let place = Place::with_project();
    place.replace("visit/visit.journey", "send confirmation", "send confirmatoin");
    let ran = place.run(&["check", "visit", "--format", "json"]);
    assert_eq!(ran.code, 1);
    let report: serde_json::Value = serde_json::from_str(&ran.out).expect("valid JSON");
    let finding =
        report["findings"].as_array().expect("an array").iter().find(|f| f["code"] == "J0101").expect("the finding");
    let text = fs::read_to_string(place.path("visit/visit.journey")).expect("the source");
    let byte = text.find("confirmatoin").expect("the misspelling");
    let line = text[..byte].matches('\n').count() + 1;
    assert_eq!(finding["path"], "visit/visit.journey");
    assert_eq!(finding["start"]["byte"], byte);
    assert_eq!(finding["start"]["line"], line);
    assert_eq!(finding["end"]["byte"], byte + "confirmatoin".len());
    assert_eq!(finding["name"], "unknown-name");
    assert_eq!(finding["level"], "error");
    assert_eq!(place.run(&["check", "visit", "--format", "json"]).out, ran.out, "the same twice");
}

#[test]
fn json_carries_bounds_and_the_days_that_reach_them() {
    let ran = Place::with_project().run(&["check", "--format", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.out).expect("valid JSON");
    assert_eq!(report["findings"], serde_json::json!([]));
    let project = &report["projects"][0];
    assert_eq!((project["project"].as_str(), project["program"].as_str().map(str::len)), (Some("visit"), Some(64)));
    let bounds = project["bounds"].as_array().expect("bounds");
    let day = bounds.iter().find(|b| b["scope"] == "customer" && b["window_ms"] == 86_400_000).expect("a day");
    assert_eq!((&day["at_most"], &day["attained"], day["kind"].as_str()), (&6.into(), &6.into(), Some("exact")));
    assert_eq!(day["enforced_by"], "`limit messages to 6 per 24h`");
    assert_eq!(day["from"][0]["journey"], "visit");
    // The day that is pointed to shows as many.
    let worst = &project["days"][usize::try_from(day["worst"].as_u64().expect("a day")).expect("a position")];
    assert!(worst["left"].as_array().is_some_and(|left| left.len() >= 6), "{worst}");
    assert!(worst["timeline"][1]["what"].as_str().is_some_and(|what| what.contains("began with")), "{worst}");
    let life = bounds.iter().find(|b| b["scope"] == "visit" && b["window_ms"].is_null()).expect("a life");
    assert!(life["at_most"].is_null() && life["kind"].is_null(), "{life}");
}

#[test]
fn a_file_that_two_projects_use_is_told_once() {
    let place = Place::with_project();
    place.write("other/other.journey", "use \"../visit/care.journey\"\n");
    place.replace("visit/care.journey", "grace 15m", "grace 15q");
    let ran = place.run(&["check", "--format", "concise"]);
    let told = ran.out.lines().filter(|l| l.contains("care.journey")).count();
    assert_eq!(told, 1, "{}", ran.out);
}

#[test]
fn hidden_folders_target_and_node_modules_are_passed_over() {
    let place = Place::with_project();
    for folder in [".git", "target", "node_modules/x"] {
        place.write(&format!("{folder}/bad.journey"), "nonsense {");
    }
    assert_eq!(place.run(&["check"]).code, 0);
}

#[test]
fn wrong_paths_are_named_with_a_mend_and_exit_with_2() {
    let place = Place::with_project();
    fs::create_dir(place.path("empty")).expect("a folder");
    for (args, words) in [
        (vec!["check", "nowhere"], "there is no file or folder `nowhere`"),
        (vec!["check", "empty"], "there is no .journey file in `empty` or below it"),
        (vec!["fmt", "nowhere"], "there is no file or folder `nowhere`"),
        (vec!["test", "--project", "nowhere"], "there is no file or folder `nowhere`"),
        (vec!["run", "nowhere", "--feed", "x"], "there is no file or folder `nowhere`"),
        (vec!["run", "visit", "--feed", "nofeed"], "cannot read the feed `nofeed`: it is not there"),
        (vec!["run", "visit", "--feed", "empty"], "cannot read the feed `empty`: it is a folder"),
        (vec!["bogus"], "unrecognized subcommand"),
        (vec!["run", "visit"], "--feed"),
        (vec!["check", "--format", "xml"], "invalid value"),
    ] {
        let ran = place.run(&args);
        assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
        assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
        assert!(!ran.err.contains("panicked"), "{args:?}: {}", ran.err);
    }
}

#[cfg(unix)]
#[test]
fn a_circle_of_links_is_refused_in_words() {
    let place = Place::with_project();
    std::os::unix::fs::symlink(place.path("visit"), place.path("visit/again")).expect("a link");
    let ran = place.run(&["check", "visit"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is a link back to"), "{}", ran.err);
    std::os::unix::fs::symlink("round.journey", place.path("round.journey")).expect("a link");
    let ran = place.run(&["check", "round.journey"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot read `round.journey`: it is a link that leads back to itself"), "{}", ran.err);
}

#[test]
fn a_file_that_is_too_large_is_a_finding_like_others() {
    for size in [(1 << 20) + 1, 50_000_000] {
        let place = Place::with_project();
        place.replace("visit/visit.journey", "purpose service", "purpose servce");
        let file = fs::File::create(place.path("visit/big.journey")).expect("a file");
        file.set_len(size).expect("a sparse file");
        let ran = place.run(&["check", "visit", "--format", "concise"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.out.contains("visit/big.journey:1:1: error[J0004]"), "{}", ran.out);
        assert!(ran.out.contains("error[J0001]"), "others are told too: {}", ran.out);
        let ran = place.run(&["fmt", "--check", "visit"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.contains("error[J0004]") && ran.err.contains("2 left untouched because of errors"), "{ran:?}");
    }
}

#[test]
fn fmt_stops_reading_a_stdin_that_is_too_large() {
    let ran = Place::empty().run_with(&["fmt", "-"], &"// é\n".repeat(1_000_000));
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "no part of it goes out");
    assert!(ran.err.contains("error[J0004]"), "{}", ran.err);
}

#[test]
fn long_source_lines_are_cut_around_their_labels() {
    let words = "and once more ".repeat(20);
    for (before, after) in [("", words.as_str()), (&words, ""), (&words, &words), ("", "")] {
        let place = Place::with_project();
        let sms = format!("  sms \"{before}{{booking.slto}}{after}\"");
        place.replace(
            "visit/visit.journey",
            "  sms \"Your visit is now {booking.slot:day} at {booking.slot:time}.\"",
            &sms,
        );
        let ran = place.run(&["check", "visit"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        let lines: Vec<Vec<char>> = ran.out.lines().map(|l| l.chars().collect()).collect();
        assert!(lines.iter().all(|l| l.len() <= 100), "{}", ran.out);
        let marked =
            lines.iter().position(|l| l.ends_with(&"not known".chars().collect::<Vec<_>>())).expect("the label");
        let underlined: String =
            lines[marked].iter().zip(&lines[marked - 1]).filter(|(u, _)| **u == '─').map(|(_, c)| *c).collect();
        assert_eq!(underlined, "slto", "{}", ran.out);
        let shown: String = lines[marked - 1].iter().collect();
        let is_cut = |words: &str| !words.is_empty();
        assert_eq!((shown.contains("│ …"), shown.ends_with('…')), (is_cut(before), is_cut(after)), "{}", ran.out);
    }
    // two places on one line, near each other and far apart
    for between in ["", words.as_str()] {
        let place = Place::with_project();
        let replies = format!(
            "  replies {{ a: \"yes\", {}b: \"yes\" }}",
            if between.is_empty() { String::new() } else { format!("c: \"{}\", ", between.trim()) }
        );
        place.replace("visit/visit.journey", "  replies { call_off: \"no visit\" }", &replies);
        let ran = place.run(&["check", "visit"]);
        assert!(ran.out.lines().all(|l| l.chars().count() <= 100), "{}", ran.out);
        assert!(ran.out.contains("── here") && ran.out.contains("\"yes\" also means `a`"), "{}", ran.out);
    }
}

#[test]
fn large_bounds_do_not_break_the_table() {
    let place = Place::with_project();
    place.replace(
        "visit/care.journey",
        "limit messages to 6 per 24h else latest",
        "limit messages to 10000 per 24h else latest",
    );
    for limit in ["limit live to 3", "limit starts to 3"] {
        place.replace("visit/visit.journey", limit, &format!("{limit}000"));
    }
    let ran = place.run(&["check", "visit"]);
    let table: Vec<Vec<char>> =
        ran.out.lines().skip_while(|l| !l.contains("in 1h")).take(4).map(|l| l.chars().collect()).collect();
    assert!(ran.out.contains("≤ 10,000") && ran.out.contains("  300,000"), "{}", ran.out);
    // Columns are set to the right: where a head ends, so do the figures below it.
    let head: String = table[0].iter().collect();
    for name in ["in 1h", "in 24h", "in 7d", "in 30d"] {
        let end = head.find(name).expect("a column") + name.len() - 1;
        for row in &table[1..] {
            let (last, next) = (row.get(end), row.get(end + 1));
            assert!(last.is_some_and(char::is_ascii_digit) && next.is_none_or(|c| *c == ' '), "{name}: {}", ran.out);
        }
    }
}

#[test]
fn any_bytes_are_findings_and_no_fault() {
    let place = Place::with_project();
    place.write_bytes("bytes/a.journey", &(0..=255).cycle().take(5000).collect::<Vec<u8>>());
    place.write("bytes/b.journey", &"journey x { state a {".repeat(500));
    place.write("bytes/c.journey", "use \"c.journey\"\nuse \"nowhere.journey\"\n");
    for format in ["full", "concise", "json"] {
        let ran = place.run(&["check", "bytes", "--format", format]);
        assert_eq!(ran.code, 1, "{ran:?}");
    }
}

#[test]
fn explain_gives_the_page_and_names_what_is_close() {
    let place = Place::empty();
    let page = place.run(&["explain", "J0201"]);
    assert_eq!(page.code, 0);
    assert!(page.out.starts_with("# J0201"), "{}", page.out);
    assert_eq!(place.run(&["explain", "j0201"]).out, page.out);
    assert_eq!(place.run(&["explain", "event-loop"]).out, page.out);
    assert_eq!(place.run(&["explain", "Event-Loop"]).out, page.out);
    let all = place.run(&["explain"]);
    assert_eq!(all.out.lines().count(), journey_spec::codes::ALL.len());
    let unknown = place.run(&["explain", "event-lop"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("did you mean `event-loop`?"), "{}", unknown.err);
}

#[test]
fn every_command_shows_an_example_in_its_help() {
    let place = Place::empty();
    for command in ["init", "check", "fmt", "test", "run", "explain", "completions"] {
        let ran = place.run(&[command, "--help"]);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains(&format!("  journeyc {command}")), "{}", ran.out);
        assert!(ran.out.contains("Exit codes:"), "{}", ran.out);
    }
}

#[test]
fn completions_of_each_shell_name_every_command() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish"] {
        let ran = place.run(&["completions", shell]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{shell}");
        for command in ["init", "check", "fmt", "test", "run", "explain", "completions"] {
            assert!(ran.out.contains(command), "{shell} completes no `{command}`");
        }
        assert!(ran.out.contains("template") && ran.out.contains("survey"), "{shell}");
    }
    let unknown = place.run(&["completions", "tcsh"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (2, ""));
    assert!(unknown.err.contains("bash, zsh, fish"), "{}", unknown.err);
}

#[test]
fn fmt_lays_out_what_stands_beside_a_file_that_cannot_be_read() {
    let place = Place::empty();
    place.write("a.journey", "record   Booking { id:text }\n");
    std::fs::write(place.path("b.journey"), b"record \xff { }\n").expect("a file");
    place.write("c.journey", "record   Visit { id:text }\n");
    let ran = place.run(&["fmt"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, "a.journey\nc.journey\n"), "{ran:?}");
    assert!(ran.err.contains("error: `b.journey` is not UTF-8 text: byte 7 is no part of a character"), "{ran:?}");
    assert!(ran.err.ends_with("3 files: 2 laid out, 1 not read\n"), "{ran:?}");
    assert_eq!(std::fs::read(place.path("b.journey")).expect("a file"), b"record \xff { }\n");
}

#[test]
fn fmt_lists_shows_and_writes() {
    let place = Place::empty();
    place.write("a.journey", "record   Booking { id:text,\n\n\n slot : instant }   // kept\n");
    let check = place.run(&["fmt", "--check"]);
    assert_eq!((check.code, check.out.as_str()), (1, "a.journey\n"), "{check:?}");
    let diff = place.run(&["fmt", "--diff", "a.journey"]);
    assert_eq!(diff.code, 1);
    assert!(diff.out.starts_with("--- a.journey as it is\n+++ a.journey laid out\n@@"), "{}", diff.out);
    let stdin = place.run_with(&["fmt", "-"], &fs::read_to_string(place.path("a.journey")).expect("the text"));
    assert_eq!(stdin.code, 0, "{stdin:?}");
    assert_eq!(place.run(&["fmt"]).code, 0);
    let written = fs::read_to_string(place.path("a.journey")).expect("the text");
    assert_eq!(written, stdin.out);
    assert!(written.contains("// kept"), "{written}");
    assert_eq!((place.run(&["fmt", "--check"]).code, place.run(&["fmt", "--diff"]).out), (0, String::new()));
    assert_eq!(fs::read_dir(place.path(".")).expect("the folder").count(), 1, "no temporary file is left");
}

#[test]
fn fmt_leaves_what_it_does_not_understand() {
    let place = Place::empty();
    let bad = "record Booking { id: text\nnonsense ( (\n";
    place.write("bad.journey", bad);
    place.write("good.journey", "record   Booking { id: text }\n");
    let ran = place.run(&["fmt"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("bad.journey:"), "{}", ran.err);
    assert_eq!(fs::read_to_string(place.path("bad.journey")).expect("the text"), bad);
    assert_ne!(fs::read_to_string(place.path("good.journey")).expect("the text"), "record   Booking { id: text }\n");
    let stdin = place.run_with(&["fmt", "-"], bad);
    assert_eq!((stdin.code, stdin.out.as_str()), (1, bad), "what came in goes out");
}

#[cfg(unix)]
#[test]
fn fmt_keeps_permissions_and_links() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::empty();
    place.write("real.journey", "record   A { id: text }\n");
    fs::set_permissions(place.path("real.journey"), fs::Permissions::from_mode(0o640)).expect("permissions");
    std::os::unix::fs::symlink("real.journey", place.path("link.journey")).expect("a link");
    assert_eq!(place.run(&["fmt", "link.journey"]).code, 0);
    let mode = fs::metadata(place.path("real.journey")).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(fs::symlink_metadata(place.path("link.journey")).expect("the link").is_symlink());
    assert!(fs::read_to_string(place.path("real.journey")).expect("the text").starts_with("record A"));
}

#[test]
fn a_broken_pipe_ends_quietly_with_the_true_exit_code() {
    let place = Place::with_project();
    place.write("many.journey", &"nonsense ( (\n".repeat(400));
    let ran = place.run_closing_stdout(&["check", "many.journey"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!ran.err.contains("panic") && !ran.err.contains("fault"), "{}", ran.err);
}

#[test]
fn scenarios_pass_and_are_filtered() {
    let place = Place::with_project();
    let ran = place.run(&["test"]);
    assert_eq!((ran.code, ran.err_without_times()), (0, "4 passed in N ms\n".into()), "{ran:?}");
    assert!(without_times(&ran.out).contains("  ok      a visit that goes well  N ms\n"), "{}", ran.out);
    let some = place.run(&["test", "GOES WELL", "--project", "visit"]);
    assert_eq!((some.code, some.err_without_times()), (0, "1 passed in N ms\n".into()), "{some:?}");
    let none = place.run(&["test", "nothing like it"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("none of the 4 scenarios in `.`"), "{}", none.err);
}

#[test]
fn a_failing_scenario_shows_its_line_and_the_timeline() {
    let place = Place::with_project();
    place.replace("visit/visit.scenario.journey", "expect exactly 2 messages", "expect exactly 3 messages");
    let ran = place.run(&["test"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for words in [
        "FAILED  a visit that goes well",
        "┌ visit/visit.scenario.journey:",
        "─ does not hold",
        "= expected: exactly 3 messages so far",
        "= but:      2 so far: confirmation, reminder",
        "Monday 2 March 2026",
        "✉ sent sms confirmation: \"Hi Omar, your engineer comes Thursday 5 March at 13:00.\"",
    ] {
        assert!(ran.out.contains(words), "`{words}` is missing in\n{}", ran.out);
    }
    assert_eq!(ran.err_without_times(), "3 passed, 1 failed in N ms\n");
}

#[test]
fn each_line_that_fails_says_what_was_the_case() {
    let begin = "given customer { first_name: \"Omar\", phone: \"+44 7700 900124\", zone: \"Europe/London\" }\n\
                 at 2026-03-02 10:00 event booking.created { booking: { id: \"B1\", slot: 2026-03-05 13:00 } }\n";
    for (line, expected, was) in [
        ("at 2026-03-01 10:00", "needs:    a time at or after 2026-03-02 10:00", "time does not go back"),
        ("handoff closed", "an open case", "no case is open"),
        ("expect sms reminder", "one more sms `reminder`", "it was never sent; 1 message left so far: confirmation"),
        ("expect no message", "no message since", "sent sms confirmation"),
        ("expect no sms", "no `sms` since", "sent sms confirmation"),
        ("expect state day", "state `day`", "it is in `waiting` since 2026-03-02 10:00"),
        ("expect handoff \"care\"", "an open case with \"care\"", "no case is open"),
        ("expect booking.slot 2026-03-06 13:00", "`booking.slot` to be 2026-03-06 13:00", "it is 2026-03-05 13:00"),
        ("expect at most 0 sms", "at most 0 sms so far", "1 so far: confirmation"),
        ("expect blocked reminder", "one more `reminder` to be blocked", "it was never sent"),
        (
            "never sms between 09:00 and 11:00",
            "no sms to leave between 09:00 and 11:00",
            "`confirmation` left at 2026-03-02 10:00",
        ),
        ("repeat 3 every 1m { expect exactly 0 messages }", "exactly 0 messages", "1 so far"),
        (
            "event booking.created { booking: { id: \"B2\", slot: 2190-01-01 00:00 + 9000 days } }",
            "a value",
            "years 1900 to 2200",
        ),
    ] {
        let place = Place::with_project();
        place.write(
            "visit/visit.scenario.journey",
            &format!("use \"visit.journey\"\nscenario \"it\" for visit {{\n{begin}{line}\n}}\n"),
        );
        let ran = place.run(&["test"]);
        assert_eq!(ran.code, 1, "{line}: {ran:?}");
        let flat = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        let squeezed = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(&squeezed(expected)), "{line}:\n{}", ran.out);
        assert!(flat.contains(&squeezed(was)), "{line}:\n{}", ran.out);
    }
}

#[test]
fn nothing_runs_while_there_are_errors() {
    let place = Place::with_project();
    place.replace("visit/visit.journey", "send confirmation", "send confirmatoin");
    place.write("feed.jsonl", "");
    for args in [vec!["test"], vec!["run", "visit", "--feed", "feed.jsonl"]] {
        let ran = place.run(&args);
        assert_eq!(ran.code, 1, "{args:?}: {ran:?}");
        assert!(ran.out.contains("error[J0101]"), "{args:?}: {}", ran.out);
        assert!(ran.err.contains("nothing was run"), "{args:?}: {}", ran.err);
    }
}
