//! `journeyc explain JOURNEY` and `JOURNEY::STATE`.

mod support;

use support::Place;

#[test]
fn a_state_is_explained_in_the_order_of_the_text() {
    let place = Place::with_project();
    let ran = place.run(&["explain", "visit::waiting", "--project", "visit"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let expected = "\
visit::waiting  visit/visit.journey:45

What it waits for
  on booking.rescheduled(booking) settle 15m
                         takes over `booking` at once; 15m after the first of a burst, once, goes to
                         `moved`, but over `limit visits moved to 3 per 7d` goes to `agent`; sooner
                         where a timer falls due
  on blocked             a message sent here, or on the way here, will not leave: goes to `agent`
  at booking.slot - 24h  once that instant comes; it moves with its data: goes to `tomorrow`, but
                         over `limit visits tomorrow to 2 per 7d` goes to `agent`
    if past              on entry, after new data, or where it comes more than 15m late: goes to
                         `day`

From the journey, also here
  on reply call_off  \"no visit\": goes to `asking_off`
  on reply           any answer that no named reply hears: stays, and gives the case to \"care\", with
                     everything said so far

How one gets here
  booked  at once
  moved   at once
";
    assert_eq!(ran.out, expected);
    assert!(ran.out.lines().all(|l| l.chars().count() <= 100), "{}", ran.out);
    assert_eq!(place.run(&["explain", "visit::waiting"]).out, ran.out, "the project is looked for here");
}

#[test]
fn calls_overrides_limits_ends_and_missing_timers_are_told() {
    let place = Place::with_project();
    place.replace(
        "visit/visit.journey",
        "    on handoff.closed -> cancelled\n",
        "    on handoff.closed -> cancelled\n    on reply stay\n",
    );
    let told = |state: &str| {
        let ran = place.run(&["explain", &format!("visit::{state}")]);
        assert_eq!(ran.code, 0, "{state}: {ran:?}");
        ran.out
    };
    let asking = told("asking_off");
    for words in [
        "  call cancel_visit  asks the service with `booking.id`, and waits for its answer at most 30s\n",
        "  answer done     the service answers so: ends in `cancelled`, as neutral\n",
        "  answer failed   the service fails, or says nothing within 30s: goes to `agent`\n",
        "  on reply call_off  it leads here itself; such an answer counts as any other\n",
        "  any other state  on reply call_off\n",
    ] {
        assert!(asking.contains(words), "{words}{asking}");
    }
    assert!(asking.find("answer done") < asking.find("answer refused"), "the order of the text: {asking}");
    let agent = told("agent");
    for words in [
        "  on reply  the state's own goes before it\n",
        "  handoff \"scheduling\"  gives the case to a person, with everything said so far\n",
        "  limit visits moved to 3 per 7d     over it, instead of `moved`\n",
        "  asking_off                         call cancel_visit refused; call cancel_visit failed\n",
    ] {
        assert!(agent.contains(words), "{words}{agent}");
    }
    let moved = told("moved");
    assert!(moved.contains("  -> waiting         at once: goes to `waiting`\n"), "{moved}");
    assert!(moved.contains("  limit visits moved to 3 per 7d  one more goes to `agent` instead\n"), "{moved}");
    assert!(!moved.contains("From the journey"), "nothing is heard where nothing waits: {moved}");
    assert!(told("booked").contains("  the start  on booking.created\n"));
    let end = told("visited");
    assert!(end.contains("the journey is over, as success; an answer that comes later goes to \"care\""), "{end}");
    place.replace("visit/visit.journey", "    after 3d -> cancelled\n", "");
    let agent = place.run(&["explain", "visit::agent"]);
    assert_eq!(agent.code, 0, "a state without a timer is a warning: {agent:?}");
    assert!(agent.out.contains("No timer\n  nothing here ends the wait: "), "{agent:?}");
}

#[test]
fn a_message_that_says_itself_what_blocked_brings_is_told_where_it_rests() {
    let place = Place::with_project();
    place.replace(
        "visit/visit.journey",
        "send moved_notice   -> waiting",
        "send moved_notice { on blocked -> day }   -> waiting",
    );
    let ran = place.run(&["explain", "visit::waiting"]);
    assert!(
        ran.out.contains("  moved_notice blocked  sent in `moved`, on the way here: goes to `day`\n"),
        "{}",
        ran.out
    );
    let day = place.run(&["explain", "visit::day"]);
    assert!(day.out.contains("  moved     moved_notice blocked\n"), "{}", day.out);
}

#[test]
fn a_journey_lists_its_states_a_line_each() {
    let place = Place::with_project();
    let ran = place.run(&["explain", "visit"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let states: Vec<&str> = ran.out.lines().skip_while(|l| *l != "States").skip(1).collect();
    assert_eq!(
        states,
        [
            "  booked      send confirmation; at once -> waiting",
            "  moved       send moved_notice; at once -> waiting",
            "  waiting     waits -> moved, agent, tomorrow, day",
            "  tomorrow    send reminder; at once -> day",
            "  day         waits -> moved, agent, visited",
            "  asking_off  call cancel_visit; waits -> cancelled, agent",
            "  agent       handoff \"scheduling\"; waits -> cancelled",
            "  visited     the end, as success",
            "  cancelled   the end, as neutral",
            "",
            "Text messages, in segments that are paid for",
            "  confirmation  at most 17 segments: `customer.first_name` says no maximum; 2 segments where it has",
            "                at most 40 characters",
            "  moved_notice  at most 1 segment",
            "  reminder      at most 1 segment",
        ]
    );
}

#[test]
fn wrong_names_are_told_with_what_is_close() {
    let place = Place::with_project();
    place.write("none/x.txt", "");
    for (args, what, help) in [
        (vec!["explain", "visit::waitin"], "journey `visit` has no state `waitin`", "did you mean `waiting`?"),
        (vec!["explain", "visit::zzz"], "journey `visit` has no state `zzz`", "its states are booked, moved, "),
        (vec!["explain", "visti::waiting"], "there is no journey `visti` in `.`", "did you mean `visit`?"),
        (vec!["explain", "visti"], "there is no finding and no journey `visti`", "did you mean `visit`?"),
        (vec!["explain", "waiting"], "no journey `waiting`", "did you mean `visit::waiting`?"),
        (vec!["explain", "visit", "--project", "none"], "there is no .journey file in `none`", ""),
        (vec!["explain", "visit", "--project", "nowhere"], "there is no file or folder `nowhere`", ""),
        (vec!["explain", "J9999"], "there is no finding `J9999`", ""),
        (vec!["explain", "j0201", "--project", "."], "there is no journey `j0201`", "without --project"),
        (vec!["explain", "--project", "visit"], "WHAT", ""),
    ] {
        let ran = place.run(&args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(what) && ran.err.contains(help), "{args:?}: {}", ran.err);
    }
    let empty = Place::empty();
    let ran = empty.run(&["explain", "visit"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("there is no finding `visit`") && ran.err.contains("--project"), "{}", ran.err);
}

#[test]
fn a_project_with_errors_shows_them_first() {
    let place = Place::with_project();
    place.replace("visit/visit.journey", "send confirmation", "send confirmatoin");
    let ran = place.run(&["explain", "visit::waiting"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("error[J0101]"), "{}", ran.out);
    assert!(ran.err.contains("nothing was explained: "), "{}", ran.err);
}

#[test]
fn two_journeys_of_one_name_need_a_project() {
    let place = Place::with_project();
    for file in ["care.journey", "visit.journey"] {
        let text = std::fs::read_to_string(place.path("visit").join(file)).expect("the source");
        place.write(&format!("other/{file}"), &text);
    }
    let ran = place.run(&["explain", "visit::waiting"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("several projects in `.` have a journey `visit`: `other`, `visit`"), "{}", ran.err);
    assert_eq!(place.run(&["explain", "visit::waiting", "--project", "other"]).code, 0);
}

#[test]
fn a_path_in_the_place_of_a_journey_is_told_where_it_belongs() {
    let place = Place::with_project();
    for args in [&["explain", "visit/visit.journey"][..], &["explain", "./visit", "--bound", "sms", "24h"]] {
        let ran = place.run(args);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("is a path") && ran.err.contains("--project"), "{ran:?}");
    }
}
