//! Which processes a process has started.

/// All that descend from this process and live, by `/proc`.
pub(crate) fn descendants(ancestor: u32) -> Vec<u32> {
    let all: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|process| Some((process, parent(process)?)))
        .collect();
    let mut found = vec![ancestor];
    let mut at = 0;
    while at < found.len() {
        let current = found[at];
        found.extend(
            all.iter()
                .filter(|(_, parent)| *parent == current)
                .map(|(process, _)| *process),
        );
        at += 1;
    }
    found.remove(0);
    found
}

/// The parent of a process that is no zombie.
pub(crate) fn parent(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
    let state = rest.next()?;
    let parent = rest.next()?.parse().ok()?;
    (state != "Z" && state != "X").then_some(parent)
}
