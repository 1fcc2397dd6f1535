//! The tables of addresses, rules and verdicts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::{Destination, Policy, Rule, Rules, canonical, is_public};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn rules(allow: &[&str], deny: &[&str]) -> Rules {
    Rules::parse(allow, deny).unwrap()
}

/// `destination` is `host port address`; the verdict is a text.
fn check(policy: &Policy, destination: &str, expected: &str) {
    let parts: Vec<_> = destination.split(' ').collect();
    let host = Destination::parse(parts[0], parts[1].parse().unwrap()).unwrap();
    let address = parts
        .get(2)
        .map_or_else(|| host.ip().unwrap(), |text| ip(text));
    let verdict = match (
        policy.judge_name(&host),
        policy.judge_address(&host, address),
    ) {
        (Err(refusal), _) | (_, Err(refusal)) => refusal.to_string(),
        (_, Ok(verdict)) => format!("{verdict:?}"),
    };
    assert_eq!(verdict, expected, "{destination}");
}

#[test]
fn only_global_unicast_is_public() {
    for text in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:4860:4860::8888",
        "2620:fe::fe",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ] {
        assert!(is_public(ip(text)), "{text}");
    }
    for text in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::2",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "2001::1",
        "2001:10::1",
        "2001:2::1",
        "5f00::1",
        "64:ff9b:1::1",
        "64:ff9b:1::8.8.8.8",
        "4000::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "::ffff:0:10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::10.0.0.1",
        "2002:7f00:1::",
        "2002:a00:1:ffff::1",
    ] {
        assert!(!is_public(ip(text)), "{text}");
    }
}

#[test]
fn names_are_judged_by_their_addresses() {
    let policy = Policy::default();
    check(&policy, "example.com 443 93.184.215.14", "Public");
    check(
        &policy,
        "db.internal 443 10.0.0.5",
        "`db.internal` has an address that is not public",
    );
    check(
        &policy,
        "LOCALHOST. 80 ::1",
        "`localhost` has an address that is not public",
    );
    check(&policy, "127.1 80", "127.0.0.1 is not a public address");
    check(
        &policy,
        "%31%32%37%2e0.0.1 80",
        "127.0.0.1 is not a public address",
    );
    check(
        &policy,
        "１２７。０。０。１ 80",
        "127.0.0.1 is not a public address",
    );
    check(
        &policy,
        "[::ffff:7f00:1] 80",
        "127.0.0.1 is not a public address",
    );
    check(&policy, "[fd00::1] 80", "fd00::1 is not a public address");
}

#[test]
fn an_allowed_destination_is_reached_and_only_it() {
    let policy = Policy::new(
        rules(
            &[
                "10.0.0.5:5432",
                "db.internal:5432",
                "*.lan",
                "[fd00::1]:80",
                "192.168.0.0/16",
            ],
            &[],
        ),
        Vec::new(),
    );
    for destination in [
        "10.0.0.5 5432",
        "[::ffff:10.0.0.5] 5432",
        "other.example 5432 10.0.0.5",
        "DB.internal 5432 10.9.9.9",
        "a.b.lan 1 127.0.0.1",
        "[fd00::1] 80",
        "192.168.3.4 9",
    ] {
        check(&policy, destination, "Allowed");
    }
    check(&policy, "10.0.0.5 80", "10.0.0.5 is not a public address");
    check(
        &policy,
        "db.internal 80 10.9.9.9",
        "`db.internal` has an address that is not public",
    );
    check(
        &policy,
        "lan 1 127.0.0.1",
        "`lan` has an address that is not public",
    );
    check(
        &policy,
        "evillan 1 127.0.0.1",
        "`evillan` has an address that is not public",
    );
}

#[test]
fn a_denial_wins() {
    let policy = Policy::new(
        rules(
            &["*.internal", "10.0.0.0/8"],
            &[
                "secret.internal",
                "10.1.0.0/16",
                "evil.example",
                "0.0.0.0/0:25",
                "::ffff:9.9.9.0/120",
            ],
        ),
        Vec::new(),
    );
    check(&policy, "a.internal 80 10.0.0.1", "Allowed");
    check(
        &policy,
        "secret.internal 80 10.0.0.1",
        "the operator of this town denies `secret.internal:80`",
    );
    check(
        &policy,
        "a.internal 80 10.1.0.1",
        "the operator of this town denies `a.internal:80`",
    );
    check(
        &policy,
        "[::ffff:10.1.2.3] 80",
        "the operator of this town denies `[::ffff:10.1.2.3]:80`",
    );
    check(
        &policy,
        "evil.example. 80 8.8.8.8",
        "the operator of this town denies `evil.example:80`",
    );
    check(
        &policy,
        "mail.example 25 8.8.8.8",
        "the operator of this town denies `mail.example:25`",
    );
    check(
        &policy,
        "9.9.9.9 80",
        "the operator of this town denies `9.9.9.9:80`",
    );
    check(&policy, "mail.example 26 8.8.8.8", "Public");
}

#[test]
fn what_the_town_needs_is_reached_whatever_is_denied() {
    let mut denying = rules(&[], &["0.0.0.0/0", "*.example"]);
    denying.needed = vec![
        "npm.example:443".parse().unwrap(),
        "10.0.0.5:4873".parse().unwrap(),
    ];
    let own = vec!["10.0.0.1:443".parse().unwrap()];
    let policy = Policy::new(denying, own);
    check(&policy, "npm.example 443 8.8.8.8", "Allowed");
    check(&policy, "npm.example 443 127.0.0.1", "Allowed");
    check(&policy, "10.0.0.5 4873", "Allowed");
    let denied = |to: &str| format!("the operator of this town denies `{to}`");
    check(&policy, "npm.example 80 8.8.8.8", &denied("npm.example:80"));
    check(
        &policy,
        "jsr.example 443 8.8.8.8",
        &denied("jsr.example:443"),
    );
    check(&policy, "10.0.0.5 443", &denied("10.0.0.5:443"));
    check(
        &policy,
        "npm.example 443 10.0.0.1",
        "`npm.example:443` is the town itself",
    );
}

#[test]
fn the_town_itself_is_refused_unless_allowed_with_its_port() {
    let own = vec![
        "10.0.0.1:8080".parse().unwrap(),
        "[2a00::1]:0".parse().unwrap(),
    ];
    let wide = Policy::new(rules(&["10.0.0.0/8", "*.town"], &[]), own.clone());
    check(&wide, "10.0.0.1 8080", "`10.0.0.1:8080` is the town itself");
    check(
        &wide,
        "a.town 8080 ::ffff:10.0.0.1",
        "`a.town:8080` is the town itself",
    );
    check(&wide, "[2a00::1] 443", "`[2a00::1]:443` is the town itself");
    check(&wide, "10.0.0.1 8081", "Allowed");
    let named = Policy::new(rules(&["10.0.0.1:8080"], &[]), own);
    check(&named, "10.0.0.1 8080", "Allowed");
}

#[test]
fn rules_that_are_none_say_why() {
    for (text, problem) in [
        ("", "it is empty"),
        (" ", "it is empty"),
        ("https://example.com", "it is a URL"),
        ("example.com:0", "its port is not a number from 1 to 65535"),
        (
            "example.com:+80",
            "its port is not a number from 1 to 65535",
        ),
        ("example.com:", "its port is not a number from 1 to 65535"),
        (
            "example.com:65536",
            "its port is not a number from 1 to 65535",
        ),
        ("[fd00::1]80", "its port is not a number from 1 to 65535"),
        ("a.*.b", "its `*` is not the first label of a name"),
        ("*", "its `*` is not the first label of a name"),
        ("*.*.b", "its `*` is not the first label of a name"),
        ("10.0.0.0/33", "it is not an address or a network"),
        ("127.1", "it is not an address or a network"),
        ("0x7f.1", "it is not an address or a network"),
        ("[10.0.0.1]:80", "it is not an address or a network"),
        ("[fd00::1", "it is not an address or a network"),
        ("fd00::1::", "it is not an address or a network"),
        ("example.com/path", "it is not an address or a network"),
        ("a..b", "it is not a host name"),
        ("a b", "it is not a host name"),
        ("a@b", "it is not a host name"),
        ("*.", "it is not a host name"),
    ] {
        let error = text.parse::<Rule>().unwrap_err();
        assert_eq!(error.problem.to_string(), problem, "{text}");
        assert!(error.problem.hint().starts_with("write "), "{error}");
    }
}

/// Every IPv6 address that leads to an IPv4 address.
fn embeddings(v4: Ipv4Addr) -> Vec<Ipv6Addr> {
    let bits = v4.to_bits();
    let [high, low] = [(bits >> 16) as u16, bits as u16];
    vec![
        v4.to_ipv6_mapped(),
        v4.to_ipv6_compatible(),
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 1, high, low >> 8, low << 8, 0, 0),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
    ]
}

proptest! {
    #[test]
    fn a_refused_v4_is_refused_in_every_v6_form(bits: u32) {
        let v4 = Ipv4Addr::from_bits(bits);
        for v6 in embeddings(v4) {
            prop_assert!(!is_public(v6.into()) || is_public(v4.into()), "{v4} as {v6}");
        }
    }

    #[test]
    fn a_denied_v4_is_denied_in_every_v6_form(bits: u32) {
        let v4 = Ipv4Addr::from_bits(bits);
        let policy = Policy::new(rules(&[], &[&v4.to_string()]), Vec::new());
        for v6 in embeddings(v4) {
            let destination = Destination::address((v6, 80).into());
            prop_assert!(policy.judge_address(&destination, v6.into()).is_err(), "{v4} as {v6}");
        }
    }

    #[test]
    fn an_address_has_one_canonical_form(bits: u128) {
        let address = IpAddr::V6(Ipv6Addr::from_bits(bits));
        prop_assert_eq!(canonical(canonical(address)), canonical(address));
        // Of the addresses outside of 2000::/3, only those that lead to an IPv4 address can be public.
        prop_assert!(!is_public(address) || bits >> 125 == 1 || canonical(address).is_ipv4());
    }

    #[test]
    fn no_text_is_too_strange_for_a_rule(text in ".{0,40}") {
        let _ = text.parse::<Rule>();
    }

    #[test]
    fn nearly_rules_are_parsed_or_refused(text in r"[\[\]*.:/0-9a-f%]{0,30}") {
        let _ = text.parse::<Rule>();
    }

    #[test]
    fn a_rule_for_an_address_means_that_address(bits: u32, port in 1_u16..) {
        let address = IpAddr::V4(Ipv4Addr::from_bits(bits));
        let rule: Rule = format!("{address}:{port}").parse().unwrap();
        let destination = Destination::parse(&bits.to_string(), port).unwrap();
        prop_assert!(rule.matches(&destination, None));
        prop_assert!(!rule.matches(&Destination::address((address, port ^ 1).into()), None));
    }

    #[test]
    fn hosts_never_panic(text in "\\PC{0,60}") {
        let _ = Destination::parse(&text, 1);
    }
}

#[test]
fn a_town_that_listens_everywhere_is_meant_by_its_port_alone() {
    let check = |allow: &[&str], to: &str, port: u16| {
        let rules = Rules::parse(allow, &[]).unwrap();
        let policy = Policy::new(rules, vec!["0.0.0.0:8700".parse().unwrap()]);
        let to = Destination::parse(to, port).unwrap();
        policy.is_own_port(&to, to.ip().unwrap())
    };
    assert!(check(&["10.0.0.0/8"], "10.0.0.5", 8700));
    assert!(!check(&["10.0.0.0/8"], "10.0.0.5", 5432));
    assert!(!check(&["10.0.0.5:8700"], "10.0.0.5", 8700));
}
