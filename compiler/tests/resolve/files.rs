//! Files that a project is read from: found beside those that name them, once each, and none but its own.

use journey_compiler::source::Memory;
use journey_compiler::{Compilation, compile};

use super::{SOUND, told, told_of_names};

fn project(files: &[(&str, &str)], root: &str) -> Compilation {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    compile(&[root.into()], &Memory(files))
}

#[test]
fn files_are_found_beside_those_that_use_them_and_read_once() {
    let (care, journey) = SOUND.split_once("record Booking").unwrap();
    let journey = format!("use \"../shared/care.journey\"\nuse \"again.journey\"\nrecord Booking{journey}");
    let files = [
        ("p/visits/main.journey", journey.as_str()),
        ("p/visits/again.journey", "use \"./../shared/care.journey\""),
        ("p/shared/care.journey", care),
    ];
    let compilation = project(&files, "./p/visits/main.journey");
    assert_eq!(told_of_names(&compilation), Vec::<String>::new());
    let read: Vec<&str> = compilation.sources.iter().map(|(_, s)| s.path.as_str()).collect();
    assert_eq!(read, ["p/visits/main.journey", "p/shared/care.journey", "p/visits/again.journey"]);
    assert_eq!(compilation.scenarios().count(), 1);
}

#[test]
fn a_missing_file_is_one_finding() {
    let compilation = project(
        &[("main.journey", &format!("use \"gone.journey\"\n{}", SOUND.replace("send moved", "send gone")))],
        "main.journey",
    );
    let told = told(&compilation);
    assert_eq!(told, ["J0006 at `\"gone.journey\"`: `gone.journey` cannot be read: there is no such file"]);
    let compilation = project(&[], "a/../nowhere.journey");
    assert_eq!(compilation.findings.len(), 1);
    let path = compilation.sources.get(compilation.findings[0].span().file).unwrap().path.clone();
    assert_eq!(path, "nowhere.journey");
}

#[test]
fn only_files_of_the_project_are_read() {
    let secret = [
        ("/etc/passwd", "root"),
        ("/house.journey", "record R {}"),
        ("notes.txt", "n"),
        ("p/c:/x.journey", "record R {}"),
    ];
    for named in ["/etc/passwd", "/house.journey", "notes.txt", "c:/x.journey", "\\\\share\\\\x.journey"] {
        let text = format!("use \"{named}\"");
        let mut files = secret.to_vec();
        files.push(("p/main.journey", &text));
        let compilation = project(&files, "p/main.journey");
        assert_eq!(told(&compilation).len(), 1, "{named}: {:#?}", told(&compilation));
        assert_eq!(compilation.findings[0].code.code, "J0006", "{named}");
        assert_eq!(compilation.sources.iter().count(), 1, "{named}");
    }
    for from in ["/etc/passwd", "main.journey", "c:\\\\mail.md"] {
        let text = format!("message m {{ purpose service email \"x\" from \"{from}\" }}");
        let compilation = project(&[("main.journey", &text), ("/etc/passwd", "root")], "main.journey");
        assert_eq!(compilation.sources.iter().count(), 1, "{from}");
        let codes: Vec<_> = compilation.findings.iter().map(|f| f.code.code).collect();
        assert_eq!(codes, ["J0006"], "{from}");
    }
}

#[test]
fn a_ring_of_files_is_told_once() {
    let compilation = project(
        &[("a.journey", "use \"b.journey\""), ("b.journey", "use \"c.journey\""), ("c.journey", "use \"a.journey\"")],
        "a.journey",
    );
    assert_eq!(told(&compilation).len(), 1);
    assert_eq!(compilation.findings[0].code.code, "J0007");
    assert_eq!(compilation.findings[0].how.as_deref(), Some("a.journey → b.journey → c.journey → a.journey"));
}

#[test]
fn a_text_of_an_email_comes_from_its_own_file() {
    let main = SOUND.replace("email \"New time: {booking.slot:date}\"", "email \"New time\" from \"mail/moved.md\"");
    let sound = "Hello {customer.nick or \"you\"},\n\n* \\{new\\}: {booking.slot:time}\n";
    let compilation = project(&[("main.journey", &main), ("mail/moved.md", sound)], "main.journey");
    assert_eq!(told_of_names(&compilation), Vec::<String>::new());
    let program = compilation.program.unwrap();
    let body = serde_json::to_string(&program.messages[1].variants[1].body).unwrap();
    assert!(body.contains("{new}") && body.contains(r#""or":"you""#), "{body}");

    let broken = "Hello {customer.nick},\n{booking.slt}\n{booking.slot\n}";
    let compilation = project(&[("main.journey", &main), ("mail/moved.md", broken)], "main.journey");
    let told: Vec<String> = told_of_names(&compilation).iter().map(|t| t[..23].to_owned()).collect();
    assert_eq!(
        told,
        ["J0113 at `{customer.nic", "J0112 at `slt`: `bookin", "J0112 at `{booking.slot", "J0112 at `}`: customers"]
    );

    let compilation = project(&[("main.journey", &main)], "main.journey");
    assert_eq!(compilation.findings[0].code.code, "J0006");
}
