//! `journeyc build`, and `journeyc run` with what it made.

mod support;

use std::fs;

use support::Place;

/// A booking, of which the confirmation leaves at once.
const FEED: &str = "{\"id\":\"e1\",\"at\":\"2026-03-02T09:58:00Z\",\"customer\":\"omar\",\"event\":\"customer.updated\",\"data\":{\"first_name\":\"Omar\",\"phone\":\"+44 7700 900124\",\"zone\":\"Europe/London\"}}
{\"id\":\"e2\",\"at\":\"2026-03-02T10:00:00Z\",\"customer\":\"omar\",\"event\":\"booking.created\",\"data\":{\"booking\":{\"id\":\"B1\",\"slot\":\"2026-03-20T09:00:00Z\"}}}
";

#[test]
fn a_bundle_is_built_and_runs_without_its_sources() {
    let place = Place::with_project();
    let built = place.run(&["build", "visit"]);
    assert_eq!((built.code, built.out.as_str()), (0, "visit.bundle.json\n"), "{built:?}");
    assert!(built.err.starts_with("built 1 journey, "), "{}", built.err);
    place.write("feed.jsonl", FEED);
    let from_sources = place.run(&["run", "visit", "--feed", "feed.jsonl"]);
    fs::remove_dir_all(place.path("visit")).expect("removed");
    let from_bundle = place.run(&["run", "visit.bundle.json", "--feed", "feed.jsonl"]);
    assert_eq!(from_bundle.code, 0, "{from_bundle:?}");
    assert!(from_bundle.out.contains("✉ sent sms confirmation"), "{}", from_bundle.out);
    assert_eq!(from_bundle.out, from_sources.out);
    fs::rename(place.path("visit.bundle.json"), place.path("visit.v1")).expect("renamed");
    assert_eq!(place.run(&["run", "visit.v1", "--feed", "feed.jsonl"]).out, from_sources.out);
}

#[test]
fn the_same_sources_make_the_same_bytes_wherever_they_lie() {
    let place = Place::with_project();
    place.run(&["build", "visit", "--out", "one.json"]);
    fs::create_dir_all(place.path("deep/er")).expect("a folder");
    fs::rename(place.path("visit"), place.path("deep/er/visit")).expect("moved");
    place.run(&["build", "deep/er/visit", "--out", "two.json"]);
    let printed = place.run(&["build", "./deep/er/../er/visit", "--out", "-"]);
    let read = |name: &str| fs::read_to_string(place.path(name)).expect("built");
    assert_eq!(read("one.json"), read("two.json"));
    assert_eq!(read("one.json"), printed.out);
}

#[test]
fn errors_stand_in_the_way_and_leave_the_old_bundle() {
    let place = Place::with_project();
    place.write("visit.bundle.json", "old");
    place.replace("visit/visit.journey", "send confirmation", "send confirmatoin");
    let ran = place.run(&["build", "visit"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("error[J0101]"), "{}", ran.out);
    assert!(ran.err.contains("nothing was built: "), "{}", ran.err);
    assert_eq!(fs::read_to_string(place.path("visit.bundle.json")).expect("there"), "old");
}

#[test]
fn warnings_are_said_and_can_be_refused() {
    let place = Place::with_project();
    place.replace(
        "visit/visit.journey",
        "service cancel_visit",
        "message spare { purpose service  sms \"Nobody gets this.\"  valid for 1h }\n\nservice cancel_visit",
    );
    let ran = place.run(&["build", "visit"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("warning[J0103]"), "{}", ran.err);
    fs::remove_file(place.path("visit.bundle.json")).expect("removed");
    let denied = place.run(&["build", "visit", "--deny-warnings"]);
    assert_eq!(denied.code, 1, "{denied:?}");
    assert!(denied.out.contains("warning[J0103]"), "{}", denied.out);
    assert!(!place.path("visit.bundle.json").exists());
}

#[test]
fn what_cannot_be_built_or_written_is_said() {
    let place = Place::with_project();
    let nowhere = place.run(&["build", "visit", "--out", "no/such/place.json"]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.err.contains("the folder `no/such` does not exist"), "{}", nowhere.err);
    let folder = place.run(&["build", "visit", "--out", "visit"]);
    assert!(folder.code == 2 && folder.err.contains("cannot write `visit`: it is a folder"), "{}", folder.err);
    let shared = place.run(&["build", "visit/care.journey"]);
    assert!(shared.code == 2 && shared.err.contains("declares no journey"), "{}", shared.err);
}

#[test]
fn a_changed_or_newer_bundle_is_refused_in_words() {
    let place = Place::with_project();
    place.run(&["build", "visit"]);
    place.write("feed.jsonl", FEED);
    place.replace("visit.bundle.json", "Hi ", "Ho ");
    let ran = place.run(&["run", "visit.bundle.json", "--feed", "feed.jsonl"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("its content is not what its hash says"), "{}", ran.err);
    place.replace("visit.bundle.json", "\"journey_bundle\": 1", "\"journey_bundle\": 2");
    let newer = place.run(&["run", "visit.bundle.json", "--feed", "feed.jsonl"]);
    assert!(newer.err.contains("its bundle version is 2, and this runtime reads up to 1"), "{}", newer.err);
    place.write("other.json", "{\"id\": \"e1\"}");
    let other = place.run(&["run", "other.json", "--feed", "feed.jsonl"]);
    assert!(other.err.contains("it is no bundle, because it has no field `journey_bundle`"), "{}", other.err);
    let missing = place.run(&["run", "missing.json", "--feed", "feed.jsonl"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("cannot read the bundle `missing.json`: it is not there"), "{}", missing.err);
}
