// Parse an AsyncAPI document with the official parser; fail on errors, and on a parser that accepts nonsense.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const ERROR = 0;
const parser = new Parser();

async function errorsOf(text) {
  const { document, diagnostics } = await parser.parse(text);
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === ERROR);
  return document || errors.length ? errors : [{ path: [], message: "no document and no diagnostics" }];
}

const text = readFileSync(process.argv[2], "utf8");
const broken = JSON.parse(text);
Object.values(broken.operations)[0].action = "shout";
if ((await errorsOf(JSON.stringify(broken))).length === 0) {
  console.error("the parser accepted a broken document: this check checks nothing");
  process.exit(2);
}
const errors = await errorsOf(text);
for (const error of errors) console.error(`${error.path.join("/")}: ${error.message}`);
if (errors.length) process.exit(1);
console.log(`${process.argv[2]}: accepted by @asyncapi/parser`);
