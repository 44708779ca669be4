//! Policy packs, through the binary.

#![allow(clippy::expect_used)] // a test says what it expects

mod support;

use support::Place;

const PROJECT: &str = r#"customer { first_name: text, phone: phone? for voice, zone: zone }

policy lender { after the end, replies -> handoff "collections" }

record Loan { id: text }

event loan.overdue { loan: Loan }

message reminder { purpose debt   voice "Please call us when it suits you."   valid for 12h }

journey overdue for customer per loan.id {
  data loan: Loan
  limit live to 3 else skip
  limit starts to 3 per 30d else skip
  start on loan.overdue(loan) -> told
  on reply stay { handoff "collections" with transcript }
  state told { send reminder   after 7d -> done }
  end done as neutral
}
"#;

fn place() -> Place {
    let place = Place::empty();
    place.write("overdue/overdue.journey", PROJECT);
    place
}

#[test]
fn packs_are_listed_and_printed_as_they_are() {
    let place = Place::empty();
    let listed = place.run(&["packs"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    for pack in journey_spec::packs::ALL {
        assert!(listed.out.contains(pack.name) && listed.out.contains(pack.title()), "{}", listed.out);
        let printed = place.run(&["packs", pack.name]);
        assert_eq!((printed.code, printed.out.as_str()), (0, pack.text));
    }
    let unknown = place.run(&["packs", "us-reg-g"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("us-reg-f"), "{}", unknown.err);
}

#[test]
fn a_project_is_checked_as_if_it_kept_to_a_pack() {
    let place = place();
    assert_eq!(place.run(&["check", "overdue"]).code, 0);
    let ran = place.run(&["check", "overdue", "--pack", "us-reg-f", "--format", "concise"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let missing =
        "pack:us-reg-f:32:18: error[J0101] a customer is not left in peace: `quiet 7d after debt.talked` never begins";
    assert!(ran.out.starts_with(missing), "{}", ran.out);
    // It says what to write, and that is what was needed.
    let ran = place.run(&["check", "overdue", "--pack", "us-reg-f"]);
    let told = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let declares = "record Debt { id: text } event debt.talked { debt: Debt }";
    assert!(told.contains(declares), "{told}");
    let declares = declares.replace("event", "\nevent");
    place.replace("overdue/overdue.journey", "message reminder", &format!("{declares}\n\nmessage reminder"));
    let ran = place.run(&["check", "overdue", "--pack", "us-reg-f", "--format", "concise"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert_eq!(ran.out.matches("J0230").count(), 2, "{}", ran.out);
    assert!(!ran.out.contains("error"), "{}", ran.out);
    place.replace("overdue/overdue.journey", "loan.id", "debt.id");
    place.replace("overdue/overdue.journey", "data loan: Loan", "data debt: Loan");
    place.replace("overdue/overdue.journey", "{ loan: Loan }", "{ debt: Loan }");
    place.replace("overdue/overdue.journey", "(loan)", "(debt)");
    let ran = place.run(&["check", "overdue", "--pack", "us-reg-f", "--pack", "us-ma-debt"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn a_pack_is_not_edited_and_a_bundle_holds_its_rules() {
    let place = place();
    place.replace("overdue/overdue.journey", "policy lender {", "use \"pack:us-tcpa\"\n\npolicy lender {");
    // The finding that one purpose is forgotten at night has an edit, which would be made in the pack.
    let ran = place.run(&["check", "overdue", "--fix", "--unsafe-fixes", "--format", "concise"]);
    assert!(ran.out.contains("pack:us-tcpa") && ran.out.contains("J0221"), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("0 findings mended"), "{}", ran.err);
    place.replace(
        "overdue/overdue.journey",
        "message reminder",
        "record Debt { id: text }\nevent debt.talked { debt: Debt }\nmessage reminder",
    );
    let built = place.run(&["build", "overdue", "--pack", "us-reg-f", "--out", "-"]);
    assert!(
        built.out.contains("12 CFR 1006.14(b)(2)(i)(A)")
            && built.out.contains("\"quiet_after\"")
            && built.out.contains("47 CFR 64.1200(c)(1)"),
        "{}",
        built.err
    );
}
