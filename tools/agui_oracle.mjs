// The reference verifier of AG-UI over many streams: JSON lines in ([event, ...] each), JSON lines out.
//
//   node tools/agui_oracle.mjs FOLDER < streams.jsonl > verdicts.jsonl
//
// FOLDER holds node_modules with @ag-ui/client and rxjs. A verdict is {"verify": [index, message], "stream": …,
// "client": …}, one for each stage of runstate's judge; index -1 is an accepted stream.
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

process.env.SUPPRESS_TRANSFORMATION_WARNINGS = "true";
const require = createRequire(resolve(process.argv[2], "package.json"));
const { Subject } = require("rxjs");
const { enforceEvents, transformChunks, verifyEvents } = require("@ag-ui/client");

const STAGES = {
  verify: (events) => events.pipe(verifyEvents()),
  stream: (events) => events.pipe(transformChunks(), verifyEvents()),
  client: (events) => events.pipe(enforceEvents(), transformChunks(), verifyEvents()),
};

function judge(line, stage) {
  const events = JSON.parse(line); // anew for each stage: no stage sees what another left behind
  const source = new Subject();
  let fault = null;
  STAGES[stage](source).subscribe({ error: (error) => (fault = error) });
  for (let index = 0; index < events.length; index += 1) {
    source.next(events[index]);
    if (fault !== null) return [index, String(fault.message).slice(0, 400)];
  }
  source.complete();
  return fault === null ? [-1, ""] : [events.length, String(fault.message).slice(0, 400)];
}

console.warn = () => {};
const out = [];
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (!line) continue;
  out.push(JSON.stringify(Object.fromEntries(Object.keys(STAGES).map((stage) => [stage, judge(line, stage)]))));
  if (out.length >= 1000) process.stdout.write(out.splice(0).join("\n") + "\n");
}
if (out.length) process.stdout.write(out.join("\n") + "\n");
