//! Goals: what `journeyc run` tells of them, and what the timeline says.

mod support;

use support::Place;

const JOURNEY: &str = r#"
customer { first_name: text  phone: phone? for sms  zone: zone }
policy house { after the end, replies -> handoff "care" }

record Plan { id: text, ends: instant }
event plan.ending { plan: Plan }
event plan.renewed { plan: Plan }
event complaint { text: text }

message early { purpose service   sms "Your plan ends {plan.ends:day}."   valid until plan.ends }

journey renewal for customer per plan.id {
  data plan: Plan
  limit starts to 2 per 30d else handoff "care"
  goal renewed
  goal no complaint within 7d
  start on plan.ending(plan) -> sorting
  on plan.renewed -> renewed
  on reply stay { handoff "care" with transcript }
  state sorting { split by customer { 50% -> told   50% -> holdout } }
  state told { send early   -> holdout }
  state holdout { at plan.ends -> over, if past -> over }
  end renewed as success
  end over as neutral
}
"#;

fn line(customer: &str, n: u32, at: &str, event: &str, data: &str) -> String {
    format!(r#"{{"id":"{customer}-{n}","at":"{at}","customer":"{customer}","event":"{event}","data":{data}}}"#)
}

#[test]
fn goals_are_counted_in_all_and_by_each_way_of_a_split() {
    let place = Place::empty();
    place.write("renewal.journey", JOURNEY);
    let plan = r#"{"plan":{"id":"P","ends":"2026-03-10T10:00:00Z"}}"#;
    let mut feed = Vec::new();
    for n in 0..20 {
        let who = format!("c{n:02}");
        let profile = r#"{"first_name":"Ada","phone":"+447700900123","zone":"Europe/London"}"#;
        feed.push(line(&who, 1, "2026-03-02T10:00:00Z", "customer.updated", profile));
        feed.push(line(&who, 2, "2026-03-02T10:00:00Z", "plan.ending", plan));
    }
    // Two renew, after one day and after three; one of them complains within the week, another much later.
    feed.push(line("c00", 3, "2026-03-03T10:00:00Z", "plan.renewed", plan));
    feed.push(line("c01", 3, "2026-03-05T10:00:00Z", "plan.renewed", plan));
    feed.push(line("c01", 4, "2026-03-06T10:00:00Z", "complaint", r#"{"text":"no"}"#));
    feed.push(line("c02", 4, "2026-04-06T10:00:00Z", "complaint", r#"{"text":"no"}"#));
    place.write("feed.jsonl", &(feed.join("\n") + "\n"));
    let ran = place.run(&["run", ".", "--feed", "feed.jsonl", "--summary"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told: Vec<&str> = ran.out.lines().filter(|l| l.contains("reached (")).collect();
    assert_eq!(told.len(), 6, "{}", ran.out);
    assert_eq!(
        told[0],
        "renewal goal renewed                 20 instances, 2 reached (10%), 18 missed; median time 24h"
    );
    assert_eq!(told[3], "renewal goal no complaint within 7d  20 instances, 19 reached (95%), 1 missed");
    // The ways share out all instances, and what they reached.
    let number = |line: &str, before: &str| -> u32 {
        let at = line.find(before).expect("the word");
        line[..at].trim_end().rsplit(' ').next().and_then(|n| n.parse().ok()).expect("a number")
    };
    assert!(told[1].starts_with("  sorting 50% -> told"), "{}", told[1]);
    assert!(told[2].starts_with("  sorting 50% -> holdout"), "{}", told[2]);
    assert_eq!(number(told[1], " instance") + number(told[2], " instance"), 20);
    assert_eq!(number(told[1], " reached") + number(told[2], " reached"), 2);
    let long = place.run(&["run", ".", "--feed", "feed.jsonl"]);
    for words in ["◎ goal renewed: reached", "◎ goal renewed: missed", "◎ goal no complaint within 7d: missed"] {
        assert!(long.out.contains(words), "`{words}` is missing in\n{}", long.out);
    }
    let last = long.out.rfind("goal no complaint within 7d: reached").expect("told");
    assert!(long.out[..last].contains("17 March 2026"), "a week after the end\n{}", long.out);
}
