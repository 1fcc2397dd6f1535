//! What a start prints on stdout: the URL, and at the first start what to do next. Never the token itself.

use crate::output;
use std::path::Path;
use thorp_town::Opened;

/// Prints the URL as the first line, and at the first start all that one needs.
pub(crate) fn print(url: &str, data: &Path, opened: &Opened) {
    output::data(url);
    if opened.first_start {
        output::data(&first_steps(
            url,
            data,
            &opened.owner.name,
            &opened.owner_token_file,
        ));
    }
}

fn first_steps(url: &str, data: &Path, owner: &str, token: &Path) -> String {
    let (folder, file) = (data.display(), quoted(token));
    format!(
        "
A new town, with its data in {folder}
Its keeper is @{owner}; their token is in {token}, which only you can read

Sign in:
  thorp login {url} --token-file {file}

Evaluate something:
  curl {url}/v1/eval -H \"Authorization: Bearer $(cat {file})\" -d '[1, 2, 3].map((x) => x * 2)'
",
        token = token.display()
    )
}

/// The path as one word of a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_one_word_for_a_shell() {
        for path in ["/tmp/plain", "/tmp/two words", "/tmp/it's $HOME `x` \"y\""] {
            let script = format!("printf %s \"$(printf %s {})\"", quoted(Path::new(path)));
            let output = std::process::Command::new("bash")
                .args(["-c", &script])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), path);
        }
    }
}
