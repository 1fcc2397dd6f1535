//! The packages and what is tried with each: the kind of thing that its documentation begins with.

/// A package, and a program that uses it.
pub(crate) struct Example {
    pub(crate) package: &'static str,
    /// The newest of this major.
    pub(crate) version: &'static str,
    /// In a few words.
    pub(crate) tried: &'static str,
    /// `npm:$` is the package.
    pub(crate) code: &'static str,
    pub(crate) outcome: Outcome,
}

/// What comes of it.
pub(crate) enum Outcome {
    /// This JSON.
    Runs(&'static str),
    /// A diagnostic and an error with these words; the table tells it in others.
    Refused {
        why: &'static str,
        told: &'static str,
    },
}

use Outcome::{Refused, Runs};

pub(crate) const EXAMPLES: &[Example] = &[
    Example {
        package: "zod",
        version: "4",
        tried: "a schema with a transform, good and bad input, its issues",
        code: r#"import { z } from "npm:$";
            const Order = z.object({
                email: z.email(), count: z.coerce.number().int().min(1), tags: z.array(z.string()).default([]),
            }).transform((order) => ({ ...order, total: order.count * 2 }));
            export default () => {
                const bad = Order.safeParse({ email: "ada", count: 0 });
                return [Order.parse({ email: "ada@example.com", count: "3" }), bad.success,
                    bad.error.issues.map((issue) => issue.path.join(".")).sort()];
            };"#,
        outcome: Runs(
            r#"[{"email":"ada@example.com","count":3,"tags":[],"total":6},false,["count","email"]]"#,
        ),
    },
    Example {
        package: "date-fns",
        version: "4",
        tried: "adding, formatting, differences, a locale",
        code: r#"import { addDays, differenceInCalendarDays, format, parseISO } from "npm:$";
            import { de } from "npm:$/locale";
            export default () => {
                const day = parseISO("2026-02-27");
                return [format(addDays(day, 2), "yyyy-MM-dd"), differenceInCalendarDays(parseISO("2026-03-01"), day),
                    format(day, "EEEE, d. MMMM", { locale: de })];
            };"#,
        outcome: Runs(r#"["2026-03-01",2,"Freitag, 27. Februar"]"#),
    },
    Example {
        package: "hono",
        version: "4",
        tried: "an app with routes, middleware and JSON, asked by `app.request`",
        code: r#"import { Hono } from "npm:$";
            const app = new Hono();
            app.use("*", async (c, next) => { await next(); c.header("x-served-by", "hono"); });
            app.get("/hello/:name", (c) => c.json({ hello: c.req.param("name"), q: c.req.query("q") ?? null }));
            app.post("/echo", async (c) => c.text((await c.req.text()).toUpperCase(), 201));
            app.notFound((c) => c.text("nothing here", 404));
            export default async () => {
                const hello = await app.request("/hello/ada?q=1");
                const echo = await app.request("/echo", { method: "POST", body: "hi" });
                return [await hello.json(), hello.headers.get("x-served-by"), echo.status, await echo.text(),
                    (await app.request("/none")).status];
            };"#,
        outcome: Runs(r#"[{"hello":"ada","q":"1"},"hono",201,"HI",404]"#),
    },
    Example {
        package: "cheerio",
        version: "1",
        tried: "loading HTML, selecting, changing, writing it",
        code: r#"import * as cheerio from "npm:$";
            export default () => {
                const $ = cheerio.load("<ul><li class=a>One</li><li>Two</li></ul>");
                $("li.a").addClass("b").attr("title", "first");
                $("ul").append("<li>Three</li>");
                return [$("li").map((_, li) => $(li).text()).get(), $("li").first().attr("title"), $("ul").find("li").length,
                    $.html($("li.b"))];
            };"#,
        outcome: Runs(
            r#"[["One","Two","Three"],"first",3,"<li class=\"a b\" title=\"first\">One</li>"]"#,
        ),
    },
    Example {
        package: "marked",
        version: "17",
        tried: "Markdown to HTML, a renderer of one's own",
        code: r##"import { Marked } from "npm:$";
            const marked = new Marked();
            marked.use({ renderer: { heading({ tokens, depth }) {
                return `<h${depth} id="x">${this.parser.parseInline(tokens)}</h${depth}>`; } } });
            export default () => marked.parse("# Hi *you*\n\n- a\n- [b](https://example.com)\n");"##,
        outcome: Runs(
            r#""<h1 id=\"x\">Hi <em>you</em></h1><ul>\n<li>a</li>\n<li><a href=\"https://example.com\">b</a></li>\n</ul>\n""#,
        ),
    },
    Example {
        package: "rxjs",
        version: "7",
        tried: "streams of values, timers, a subject",
        code: r#"import { filter, firstValueFrom, from, interval, map, reduce, Subject, take, toArray } from "npm:$";
            export default async () => {
                const seen = [];
                const subject = new Subject();
                subject.pipe(map((n) => n * 10)).subscribe((n) => seen.push(n));
                [1, 2].forEach((n) => subject.next(n));
                return [await firstValueFrom(from([1, 2, 3, 4]).pipe(filter((n) => n % 2 === 0), reduce((a, b) => a + b, 0))),
                    await firstValueFrom(interval(1).pipe(take(3), toArray())), seen];
            };"#,
        outcome: Runs("[6,[0,1,2],[10,20]]"),
    },
    Example {
        package: "ajv",
        version: "8",
        tried: "compiling a JSON schema to code, errors",
        code: r#"import { Ajv } from "npm:$";
            const validate = new Ajv({ allErrors: true }).compile({
                type: "object", required: ["name"], additionalProperties: false,
                properties: { name: { type: "string", minLength: 2 }, age: { type: "integer", minimum: 0 } },
            });
            export default () => [validate({ name: "Ada", age: 36 }), validate({ name: "A", age: -1 }),
                validate.errors.map((error) => error.instancePath + " " + error.keyword)];"#,
        outcome: Runs(r#"[true,false,["/name minLength","/age minimum"]]"#),
    },
    Example {
        package: "handlebars",
        version: "4",
        tried: "a template with a helper and a partial",
        code: r#"import Handlebars from "npm:$";
            Handlebars.registerHelper("loud", (text) => text.toUpperCase());
            Handlebars.registerPartial("item", "<li>{{loud name}}</li>");
            const template = Handlebars.compile("<b>{{title}}</b>{{#each items}}{{> item}}{{else}}none{{/each}}");
            export default () => [template({ title: "<x>", items: [{ name: "a" }, { name: "b" }] }), template({ title: "y" })];"#,
        outcome: Runs(r#"["<b>&lt;x&gt;</b><li>A</li><li>B</li>","<b>y</b>none"]"#),
    },
    Example {
        package: "qs",
        version: "6",
        tried: "nested queries in both directions",
        code: r#"import qs from "npm:$";
            export default () => [qs.parse("a[b]=c&list[]=1&list[]=2"), qs.stringify({ a: { b: "c d" }, list: [1, 2] }, { encode: false })];"#,
        outcome: Runs(r#"[{"a":{"b":"c"},"list":["1","2"]},"a[b]=c d&list[0]=1&list[1]=2"]"#),
    },
    Example {
        package: "dayjs",
        version: "1",
        tried: "arithmetic, formatting, a plugin",
        code: r#"import dayjs from "npm:$";
            import utc from "npm:$/plugin/utc.js";
            dayjs.extend(utc);
            export default () => [dayjs.utc("2026-01-31").add(1, "month").format("YYYY-MM-DD"),
                dayjs.utc("2026-03-01").diff(dayjs.utc("2026-02-01"), "day"), dayjs.utc("2026-02-30x").isValid()];"#,
        outcome: Runs(r#"["2026-02-28",28,false]"#),
    },
    Example {
        package: "uuid",
        version: "13",
        tried: "random, time-ordered and named ids",
        code: r#"import { v4, v5, v7, validate, version } from "npm:$";
            export default () => [validate(v4()), version(v7()), v4() !== v4(), v5("example.com", v5.DNS)];"#,
        outcome: Runs(r#"[true,7,true,"cfbff0d1-9375-5685-968c-48ce8b15ae17"]"#),
    },
    Example {
        package: "nanoid",
        version: "5",
        tried: "ids, an alphabet of one's own",
        code: r#"import { customAlphabet, nanoid } from "npm:$";
            export default () => [nanoid().length, nanoid() !== nanoid(), /^[ab]{8}$/.test(customAlphabet("ab", 8)())];"#,
        outcome: Runs("[21,true,true]"),
    },
    Example {
        package: "fast-xml-parser",
        version: "5",
        tried: "XML in both directions, attributes",
        code: r#"import { XMLBuilder, XMLParser } from "npm:$";
            const options = { ignoreAttributes: false, attributeNamePrefix: "@" };
            export default () => [new XMLParser(options).parse('<a id="1"><b>2</b><b>x</b></a>'),
                new XMLBuilder(options).build({ a: { "@id": "1", b: ["2", "x"] } })];"#,
        outcome: Runs(r#"[{"a":{"b":[2,"x"],"@id":"1"}},"<a id=\"1\"><b>2</b><b>x</b></a>"]"#),
    },
    Example {
        package: "lodash",
        version: "4",
        tried: "chunks, groups, deep copies, paths, `debounce`; not `_.template`, which makes code with `with`",
        code: r#"import _ from "npm:$";
            export default async () => {
                let calls = 0;
                const later = _.debounce(() => calls++, 2);
                later(); later();
                await new Promise((resolve) => setTimeout(resolve, 30));
                const deep = { a: [{ b: 1 }] };
                const copy = _.cloneDeep(deep);
                _.set(copy, "a[0].b", 2);
                return [_.chunk([1, 2, 3], 2), _.groupBy(["one", "two", "three"], "length"), deep.a[0].b, _.get(copy, "a[0].b"), calls];
            };"#,
        outcome: Runs(r#"[[[1,2],[3]],{"3":["one","two"],"5":["three"]},1,2,1]"#),
    },
    Example {
        package: "papaparse",
        version: "5",
        tried: "CSV in both directions, types, quotes",
        code: r#"import Papa from "npm:$";
            export default () => [Papa.parse('name,n\n"Ada, L.",1\nBob,2', { header: true, dynamicTyping: true }).data,
                Papa.unparse([{ a: "x,y", b: 1 }])];"#,
        outcome: Runs(r#"[[{"name":"Ada, L.","n":1},{"name":"Bob","n":2}],"a,b\r\n\"x,y\",1"]"#),
    },
    Example {
        package: "luxon",
        version: "3",
        tried: "zones, durations, a locale",
        code: r#"import { DateTime, Duration } from "npm:$";
            export default () => {
                const at = DateTime.fromISO("2026-07-01T12:00", { zone: "Europe/Paris" });
                return [at.toUTC().toISO(), at.setLocale("fr").toFormat("cccc d LLLL"), Duration.fromObject({ minutes: 90 }).toFormat("h:mm")];
            };"#,
        outcome: Runs(r#"["2026-07-01T10:00:00.000Z","mercredi 1 juillet","1:30"]"#),
    },
    Example {
        package: "immer",
        version: "10",
        tried: "a draft, what is shared, what is frozen",
        code: r#"import { produce } from "npm:$";
            export default () => {
                const before = { todos: [{ done: false }, { done: false }] };
                const after = produce(before, (draft) => { draft.todos[1].done = true; draft.todos.push({ done: true }); });
                return [before.todos.length, after.todos.map((todo) => todo.done), after.todos[0] === before.todos[0], Object.isFrozen(after)];
            };"#,
        outcome: Runs("[2,[false,true,true],true,true]"),
    },
    Example {
        package: "yaml",
        version: "2",
        tried: "YAML in both directions, anchors, comments kept",
        code: r##"import { parse, parseDocument, stringify } from "npm:$";
            export default () => {
                const document = parseDocument("# kept\na: 1\n");
                document.set("b", [true, null]);
                return [parse("x: &x [1, two]\ny: *x\n"), stringify({ a: { b: "c: d" } }), String(document)];
            };"##,
        outcome: Runs(
            r##"[{"x":[1,"two"],"y":[1,"two"]},"a:\n  b: \"c: d\"\n","# kept\na: 1\nb:\n  - true\n  - null\n"]"##,
        ),
    },
    Example {
        package: "mustache",
        version: "4",
        tried: "sections, escaping, a partial",
        code: r#"import Mustache from "npm:$";
            export default () => Mustache.render("{{#list}}{{>p}};{{/list}}{{^none}}no{{/none}}", { list: [{ a: "<" }, { a: 2 }] }, { p: "{{a}}" });"#,
        outcome: Runs(r#""&lt;;2;no""#),
    },
    Example {
        package: "jose",
        version: "6",
        tried: "signing and verifying a token",
        code: r#"import { jwtVerify, SignJWT } from "npm:$";
            export default async () => {
                const key = new TextEncoder().encode("a key of thirty-two bytes or more!");
                const token = await new SignJWT({ admin: true }).setProtectedHeader({ alg: "HS256" }).setSubject("ada").sign(key);
                const { payload } = await jwtVerify(token, key);
                const forged = await jwtVerify(token.slice(0, -4) + "AAAA", key).catch((error) => error.code);
                return [payload, forged];
            };"#,
        outcome: Runs(r#"[{"admin":true,"sub":"ada"},"ERR_JWS_SIGNATURE_VERIFICATION_FAILED"]"#),
    },
    Example {
        package: "mathjs",
        version: "15",
        tried: "an expression, units",
        code: r#"import { evaluate } from "npm:$"; export default () => evaluate("2 * 3 + 4");"#,
        outcome: Refused {
            why: "constructor",
            told: "it assigns over a `constructor` that is frozen",
        },
    },
    Example {
        package: "reflect-metadata",
        version: "0.2",
        tried: "metadata of a class",
        code: r#"import "npm:$"; class A {} Reflect.defineMetadata("k", 1, A); export default () => Reflect.getMetadata("k", A);"#,
        outcome: Refused {
            why: "Cannot define property",
            told: "it adds to `Reflect`, which is shared and frozen",
        },
    },
];
