//! A published `curl` command: what it asks, and what its answer is.

use std::process::Command;

use crate::harness::*;

/// How a command is carried out.
pub(crate) type By = fn(&Server<'_>, &str) -> Answer;

/// The words of a command as a shell parts them: by space outside quotes of either kind. A backslash at
/// the end of a line continues the command.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quote, mut within) = (vec![String::new()], None, false);
    for letter in command.replace("\\\n", " ").chars() {
        match (letter, quote) {
            ('\'' | '"', None) => (quote, within) = (Some(letter), true),
            (letter, Some(begun)) if letter == begun => quote = None,
            (letter, None) if letter.is_whitespace() => {
                if within {
                    words.push(String::new());
                }
                within = false;
            }
            ('$' | '`' | '\\', None | Some('"')) => panic!("{letter} is not read here: {command}"),
            (letter, _) => {
                words.last_mut().unwrap().push(letter);
                within = true;
            }
        }
    }
    assert!(quote.is_none(), "{command}");
    if !within {
        words.pop();
    }
    words
}

/// Asks what the command asks, without `curl`.
pub(crate) fn ask(server: &Server<'_>, command: &str) -> Answer {
    let (mut method, mut path, mut headers, mut body) = (None, None, vec![], String::new());
    let mut words = words(command).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    while let Some(word) = words.next() {
        match word.as_str() {
            "-X" => method = words.next(),
            "-H" => headers.push(words.next().unwrap()),
            "-d" => body = words.next().unwrap(),
            url => assert!(path.replace(url.strip_prefix(server.base()).unwrap().to_owned()).is_none()),
        }
    }
    let headers: Vec<_> = headers.iter().map(|header| header.split_once(": ").unwrap()).collect();
    server.request(&method.unwrap(), &path.unwrap(), &headers, &body)
}

/// Runs the command in a shell.
pub(crate) fn curl(_: &Server<'_>, command: &str) -> Answer {
    let script = format!("{command} --silent --include");
    let output = Command::new("sh").args(["-c", &script]).env("no_proxy", "*").output().unwrap();
    assert!(output.status.success(), "this test needs curl: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let (head, text) = said.split_once("\r\n\r\n").unwrap();
    let (status, head) = head.split_once("\r\n").unwrap();
    let fields = head.lines().map(|field| field.split_once(": ").unwrap());
    Answer {
        status: status.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
        text: text.to_owned(),
    }
}

#[test]
fn a_command_is_read_as_a_shell_does() {
    let read = words("curl -X PUT 'a b' \\\n  -H \"it's\"  -d '{\n \"a\": 1\n}' ''");
    assert_eq!(read, ["curl", "-X", "PUT", "a b", "-H", "it's", "-d", "{\n \"a\": 1\n}", ""]);
}
