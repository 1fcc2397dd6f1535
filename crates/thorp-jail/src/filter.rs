//! The filter of system calls: a small program that the kernel asks about every call. Pure.
//!
//! The list is of what Deno was seen to use, and its obvious siblings. Everything else answers `EPERM`.

use libc::{
    AF_INET, AF_INET6, AF_UNIX, BPF_ABS, BPF_ALU, BPF_AND, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JMP,
    BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, EPERM, IPPROTO_TCP, IPPROTO_UDP, SECCOMP_RET_ALLOW,
    SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, SOCK_DGRAM, SOCK_STREAM, sock_filter,
};

mod calls;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Allow,
    Refuse(i32),
    /// Allowed if this argument has one of these values.
    OneOf(u32, &'static [u32]),
    /// Allowed if this argument is zero.
    Zero(u32),
    /// Allowed if this argument has all of the first bits and none of the second.
    Bits(u32, u32, u32),
    /// Refused if this argument has all bits of one of these.
    NoneOf(u32, &'static [u32]),
    /// Allowed for a socket within the process, or one of TCP or UDP.
    Stream,
    /// Allowed if the second argument is one of these, and the third one of those that belong to it.
    Pairs(&'static [(u32, &'static [u32])]),
}

/// Which sockets there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sockets {
    /// Those within the process, and to paths.
    Local,
    /// Those too that connect to TCP ports and send datagrams. None listens, and none has an address of its choice.
    Outward,
}

/// Where the kernel puts what it asks about: `nr`, `arch`, `instruction_pointer`, `args`.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const ARGUMENTS_AT: u32 = 16;
const ARGUMENT_BYTES: u32 = 8;
const HIGH_HALF: u32 = 4;

/// What the kernel calls an architecture: that of ELF files, of 64 bits, the low byte first.
const fn architecture(elf: u16) -> u32 {
    0xC000_0000 | elf as u32
}

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = architecture(libc::EM_X86_64);
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = architecture(libc::EM_AARCH64);

/// The program.
pub(crate) fn program(sockets: Sockets) -> Vec<sock_filter> {
    let rules = calls::rules(sockets).into_iter();
    let numbered = rules.filter_map(|((_, call), rule)| Some((u32::try_from(call).ok()?, rule)));
    assemble(ARCHITECTURE, numbered.collect())
}

/// The program for an architecture and the numbers that calls have there.
fn assemble(architecture: u32, rules: Vec<(u32, Rule)>) -> Vec<sock_filter> {
    let mut code = vec![
        load(ARCHITECTURE_AT),
        jump(BPF_JEQ, architecture, 1, 0),
        give(SECCOMP_RET_KILL_PROCESS),
        load(NUMBER_AT),
    ];
    code.extend(tree(&segments(rules)));
    code
}

/// Who a rule holds for: all numbers from this one to the next segment's. Calls for another ABI (x32) have higher numbers
/// than any here.
type Segment = (u32, Rule);

fn segments(mut rules: Vec<(u32, Rule)>) -> Vec<Segment> {
    rules.sort_unstable_by_key(|(number, _)| *number);
    rules.dedup_by_key(|(number, _)| *number);
    let mut segments: Vec<Segment> = vec![(0, Rule::Refuse(EPERM))];
    for (number, rule) in rules {
        segments.push((number, rule));
        segments.push((number + 1, Rule::Refuse(EPERM)));
    }
    // Of two that begin at one number, the second is meant; of two equal neighbours, the first is enough.
    let mut merged: Vec<Segment> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        if segments
            .get(index + 1)
            .is_some_and(|next| next.0 == segment.0)
        {
            continue;
        }
        if merged.last().is_none_or(|last| last.1 != segment.1) {
            merged.push(*segment);
        }
    }
    merged
}

/// A binary search: a call is decided after about eight steps.
fn tree(segments: &[Segment]) -> Vec<sock_filter> {
    let [_, rest @ ..] = segments else {
        return Vec::new();
    };
    if rest.is_empty() {
        return decide(segments[0].1);
    }
    let (low, high) = segments.split_at(segments.len() / 2);
    let (left, right) = (tree(low), tree(high));
    let mut code = vec![
        jump(BPF_JGE, high[0].0, 0, 1),
        // The only jump whose distance has more than eight bits.
        statement(BPF_JMP | BPF_JA, left.len() as u32),
    ];
    code.extend(left);
    code.extend(right);
    code
}

fn decide(rule: Rule) -> Vec<sock_filter> {
    match rule {
        Rule::Allow => vec![give(SECCOMP_RET_ALLOW)],
        Rule::Refuse(error) => vec![refuse(error)],
        Rule::OneOf(argument, values) => {
            let mut code = vec![load(argument_at(argument))];
            for value in values {
                code.push(jump(BPF_JEQ, *value, 0, 1));
                code.push(give(SECCOMP_RET_ALLOW));
            }
            code.push(refuse(EPERM));
            code
        }
        Rule::Zero(argument) => vec![
            load(argument_at(argument)),
            jump(BPF_JEQ, 0, 0, 3),
            load(argument_at(argument) + HIGH_HALF),
            jump(BPF_JEQ, 0, 0, 1),
            give(SECCOMP_RET_ALLOW),
            refuse(EPERM),
        ],
        Rule::Bits(argument, all, none) => vec![
            load(argument_at(argument)),
            jump(BPF_JSET, none, 2, 0),
            jump(BPF_JSET, all, 0, 1),
            give(SECCOMP_RET_ALLOW),
            refuse(EPERM),
        ],
        Rule::NoneOf(argument, bits) => {
            let mut code = Vec::new();
            for bits in bits {
                code.push(load(argument_at(argument)));
                code.push(statement(BPF_ALU | BPF_AND | BPF_K, *bits));
                code.push(jump(BPF_JEQ, *bits, 0, 1));
                code.push(refuse(EPERM));
            }
            code.push(give(SECCOMP_RET_ALLOW));
            code
        }
        Rule::Stream => stream(),
        Rule::Pairs(pairs) => choose(pairs),
    }
}

/// `socket(family, type, protocol)`: no other protocol, which rules on TCP would not hold for.
fn stream() -> Vec<sock_filter> {
    let is = |value: i32, yes: u8, no: u8| jump(BPF_JEQ, value.cast_unsigned(), yes, no);
    vec![
        load(argument_at(0)),
        is(AF_UNIX, 10, 0),
        is(AF_INET, 1, 0),
        is(AF_INET6, 0, 9),
        load(argument_at(1)),
        statement(BPF_ALU | BPF_AND | BPF_K, SOCKET_TYPE),
        is(SOCK_STREAM, 1, 0),
        is(SOCK_DGRAM, 0, 5),
        load(argument_at(2)),
        is(0, 2, 0),
        is(IPPROTO_TCP, 1, 0),
        is(IPPROTO_UDP, 0, 1),
        give(SECCOMP_RET_ALLOW),
        refuse(EPERM),
    ]
}

fn choose(pairs: &[(u32, &[u32])]) -> Vec<sock_filter> {
    let mut code = Vec::new();
    for (first, seconds) in pairs {
        let mut inner = vec![load(argument_at(2))];
        for second in *seconds {
            inner.push(jump(BPF_JEQ, *second, 0, 1));
            inner.push(give(SECCOMP_RET_ALLOW));
        }
        inner.push(refuse(EPERM));
        code.push(load(argument_at(1)));
        // The lists are short.
        code.push(jump(BPF_JEQ, *first, 0, inner.len() as u8));
        code.extend(inner);
    }
    code.push(refuse(EPERM));
    code
}

/// The bits of a socket's type that are no flags.
const SOCKET_TYPE: u32 = 0xF;

fn argument_at(index: u32) -> u32 {
    ARGUMENTS_AT + index * ARGUMENT_BYTES
}

fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

fn give(action: u32) -> sock_filter {
    statement(BPF_RET | BPF_K, action)
}

fn refuse(error: i32) -> sock_filter {
    give(SECCOMP_RET_ERRNO | error.cast_unsigned())
}

fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    }
}

fn jump(condition: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter {
        code: (BPF_JMP | condition | BPF_K) as u16,
        jt,
        jf,
        k,
    }
}

#[cfg(test)]
mod tests;
