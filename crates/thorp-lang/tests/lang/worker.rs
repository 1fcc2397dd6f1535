//! The compile worker's protocol, over pipes in memory.

use std::io::Cursor;

use thorp_lang::worker::{decode_reply, encode_request, read_frame, serve};
use thorp_lang::{Compiled, Source, compile, limits};

fn ask(sources: &[Source]) -> Vec<(u64, Compiled)> {
    let mut requests = Vec::new();
    for (id, source) in sources.iter().enumerate() {
        requests.extend(encode_request(id as u64, source).unwrap());
    }
    let mut replies = Vec::new();
    serve(requests.as_slice(), &mut replies).unwrap();
    let mut reader = Cursor::new(replies);
    let frames = std::iter::from_fn(|| read_frame(&mut reader).unwrap());
    frames.map(|frame| decode_reply(&frame).unwrap()).collect()
}

#[test]
fn answers_in_order_what_compile_says() {
    let sources = [
        Source::expression("1 + 1"),
        Source::val("let x ="),
        Source::val("export default 1"),
    ];
    let replies = ask(&sources);
    assert_eq!(replies.len(), sources.len());
    for (index, (id, compiled)) in replies.iter().enumerate() {
        assert_eq!(*id, index as u64);
        assert_eq!(*compiled, compile(&sources[index]));
    }
}

const NESTED: [(&str, &str); 11] = [
    ("(", ")"),
    ("[", "]"),
    ("{a:", "}"),
    ("f(", ")"),
    ("()=>(", ")"),
    ("`${", "}`"),
    ("<a>{", "}</a>"),
    ("!", ""),
    ("f(1)||", ""),
    ("f(", ")()"),
    ("a?1:", ""),
];

fn nested((open, close): (&str, &str), depth: usize) -> Source {
    Source::expression(format!("{}1{}", open.repeat(depth), close.repeat(depth)))
}

#[test]
fn its_stack_holds_what_is_refused_only_later() {
    for pair in NESTED {
        let replies = ask(&[nested(pair, limits::NESTING_MAX - 1)]);
        let found = &replies[0].1.diagnostics;
        let refused = found
            .iter()
            .all(|diagnostic| diagnostic.code == "TOO_COMPLEX");
        assert!(refused, "{pair:?}: {found:?}");
    }
    for chain in [("!", ""), ("a?1:", ""), ("f(1)||", "")] {
        let replies = ask(&[nested(chain, 20_000)]);
        assert_eq!(replies[0].1.diagnostics[0].code, "TOO_COMPLEX", "{chain:?}");
    }
}

#[test]
fn hundreds_of_levels_are_no_trouble() {
    for pair in NESTED {
        let replies = ask(&[nested(pair, 400)]);
        let found = &replies[0].1.diagnostics;
        assert!(replies[0].1.is_runnable(), "{pair:?}: {found:?}");
    }
}

#[test]
fn bad_frames_end_it() {
    let answer = |bytes: &[u8]| serve(bytes, Vec::new()).map_err(|error| error.kind());
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    assert_eq!(answer(&[]), Ok(()));
    assert_eq!(answer(&[1, 0]), Err(UnexpectedEof));
    assert_eq!(answer(&[4, 0, 0, 0, b'{']), Err(UnexpectedEof));
    assert_eq!(answer(&[2, 0, 0, 0, b'{', b'}']), Err(InvalidData));
    assert_eq!(answer(&[255; 8]), Err(InvalidData));
}

#[test]
fn its_death_is_a_diagnostic() {
    let source = Source::expression("((((1))))");
    let compiled = Compiled::too_complex(&source);
    assert!(!compiled.is_runnable());
    assert_eq!(compiled.diagnostics[0].code, "TOO_COMPLEX");
}

#[test]
fn replies_are_this_json() {
    let text = "import z from 'npm:zod@4';\nexport default [z, <string>process.env.KEY];\nexport let x = 1";
    let compiled = compile(&Source::val(text));
    insta::assert_json_snapshot!(compiled, @r##"
    {
      "form": "module",
      "modules": [
        {
          "path": "main.tsx",
          "file": "main.tsx.mjs",
          "code": "import { process } from \"thorp:env\";\nimport z from \"zod__4\";\nexport default [z, process.env.KEY];\nexport let x = 1;\n",
          "map": "{\"version\":3,\"names\":[],\"sources\":[\"main.tsx\"],\"mappings\":\";AAAA,OAAO,OAAO;AACd,eAAe,CAAC,GAAW,QAAQ,IAAI,GAAG;AAC1C,OAAO,IAAI,IAAI\"}"
        }
      ],
      "facts": {
        "dialect": "standard",
        "exports": [
          "default",
          "x"
        ],
        "value": "default",
        "mayBeData": true,
        "declaredName": null,
        "imports": [
          {
            "specifier": "npm:zod@4",
            "rewritten": "zod__4",
            "kind": {
              "type": "npm",
              "name": "zod",
              "range": "4",
              "subpath": "",
              "alias": "zod__4"
            },
            "file": "main.tsx",
            "line": 1,
            "column": 15,
            "dynamic": false
          }
        ],
        "usesVals": false,
        "references": [],
        "computedReference": false,
        "secrets": [
          "KEY"
        ],
        "computedSecret": false,
        "usesJsx": false,
        "topLevelAwait": false
      },
      "diagnostics": []
    }
    "##);
}
