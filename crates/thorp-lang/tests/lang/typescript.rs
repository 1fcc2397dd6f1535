//! Types and JSX go, everything else stays.

use crate::support::{code, same, val};
use thorp_lang::compile;

#[track_caller]
fn check(text: &str, expected: &str) {
    same(&code(&compile(&val(text))), expected);
}

#[test]
fn types_go() {
    check(
        "interface A { x: number }\ntype B = A;\nexport default (x: A): B => x as B satisfies B;",
        "export default (x) => x;",
    );
}

#[test]
fn generics_in_tsx_and_casts() {
    check("export default <T,>(x: T) => x", "export default (x) => x;");
    // Neither is TSX; both are what people write.
    check("export default <T>(x: T) => x", "export default (x) => x;");
    check("export default <string>x", "export default x;");
}

#[test]
fn classes() {
    check(
        "export default class A<T> { constructor(private x: T, readonly y = 1) {} declare z: string; w?: number; f?(this: A): void; g(this: A): void {} }",
        r"
export default class A {
  x;
  y;
  constructor(x, y = 1) {
    this.x = x;
    this.y = y;
  }
  w;
  g() {}
}
",
    );
    check(
        "abstract class A { abstract f(): void; static #n = 1; static { A.#n++ } }\nexport default A",
        r"
class A {
  static #n = 1;
  static {
    A.#n++;
  }
}
export default A;
",
    );
}

#[test]
fn enums_and_namespaces() {
    check(
        "export enum A { B, C = B << 2, D = 'x' }",
        r#"
export let A = function(A) {
  A[A["B"] = 0] = "B";
  A[A["C"] = 0] = "C";
  A["D"] = "x";
  return A;
}({});
"#,
    );
    check(
        "const enum A { B }\nexport default A.B",
        r#"
var A = function(A) {
  A[A["B"] = 0] = "B";
  return A;
}(A || {});
export default A.B;
"#,
    );
    check(
        "namespace N { export const a = 1 }\nexport default N.a",
        r"
let N;
(function(_N) {
  const a = _N.a = 1;
})(N || (N = {}));
export default N.a;
",
    );
}

#[test]
fn decorators_are_those_of_typescript() {
    check(
        "@seal class A { @log m(@arg x: number) {} }\nexport default A",
        r#"
--- main.tsx as main.tsx.mjs
import _decorateParam from "./thorp-decorateParam.mjs";
import _decorate from "./thorp-decorate.mjs";
let A = class A {
  m(x) {}
};
_decorate([log, _decorateParam(0, arg)], A.prototype, "m", null);
A = _decorate([seal], A);
export default A;
--- thorp-decorate.mjs as thorp-decorate.mjs
export default function decorate(decorators, target, key, descriptor) {
  const count = arguments.length;
  let result = count < 3 ? target : descriptor === null ? Object.getOwnPropertyDescriptor(target, key) : descriptor;
  for (const decorator of decorators.slice().reverse()) {
    if (decorator) result = (count < 3 ? decorator(result) : count > 3 ? decorator(target, key, result) : decorator(target, key)) || result;
  }
  if (count > 3 && result) Object.defineProperty(target, key, result);
  return result;
}
--- thorp-decorateParam.mjs as thorp-decorateParam.mjs
export default function decorateParam(index, decorator) {
  return (target, key) => decorator(target, key, index);
}
Warning DECORATORS main.tsx:1:1-1:1 decorators are those of TypeScript's `experimentalDecorators`
  hint: they get the target and the key, and no context object
"#,
    );
}

#[test]
fn what_the_runtime_has_is_left_alone() {
    check(
        "using a = f(); await using b = g(); export default [a?.b ?? 1, 2 ** 3, /x/v, a ||= 1, 1_000n]",
        r"
using a = f();
await using b = g();
export default [
  a?.b ?? 1,
  2 ** 3,
  /x/v,
  a ||= 1,
  1000n
];
",
    );
}

#[test]
fn jsx_takes_react_unless_told_otherwise() {
    check(
        "export default () => <b class=\"x\">hi {name}</b>",
        r#"
import { jsxs as _jsxs } from "react/jsx-runtime";
export default () => _jsxs("b", {
  class: "x",
  children: ["hi ", name]
});
"#,
    );
    check(
        "export default (p) => <><a {...p} key=\"1\"/></>",
        r#"
import { createElement as _createElement } from "react";
import { Fragment as _Fragment, jsx as _jsx } from "react/jsx-runtime";
export default (p) => _jsx(_Fragment, { children: _createElement("a", {
  ...p,
  key: "1"
}) });
"#,
    );
    check(
        "/** @jsxImportSource npm:hono/jsx */\nexport default () => <a/>",
        r#"
import { jsx as _jsx } from "hono/jsx/jsx-runtime";
export default () => _jsx("a", {});
"#,
    );
    check(
        "/** @jsxImportSource https://esm.sh/preact */\nexport default () => <a/>",
        r#"
import { jsx as _jsx } from "https://esm.sh/preact/jsx-runtime";
export default () => _jsx("a", {});
"#,
    );
    check(
        "/** @jsx h */\nimport { h } from 'npm:preact@10';\nexport default () => <a/>",
        r#"
import { h } from "preact__10";
export default () => h("a", null);
"#,
    );
}

#[test]
fn imports_of_types_are_left_out() {
    check(
        "import { A, type B } from 'npm:x@1';\nimport type C from './none.ts';\nimport D from './none.ts';\nlet d: D;\nexport default A;\nexport type { C };",
        r#"
import { A } from "x__1";
let d;
export default A;
"#,
    );
}

#[test]
fn javascript_is_javascript() {
    check(
        "--- main.js\nexport default <a/>",
        r#"
import { jsx as _jsx } from "react/jsx-runtime";
export default _jsx("a", {});
"#,
    );
    check(
        "--- main.mjs\nexport default (x: number) => x",
        "Error SYNTAX_ERROR main.mjs:1:18-1:19 Expected `,` or `)` but found `:`",
    );
    check(
        "--- main.ts\nexport default <a/>",
        r#"
import { jsx as _jsx } from "react/jsx-runtime";
export default _jsx("a", {});
"#,
    );
}

#[test]
fn a_first_line_for_the_shell() {
    check(
        "#!/usr/bin/env deno\nexport default 1",
        r"
#!/usr/bin/env deno
export default 1;
",
    );
}
