import { describe, expect, test } from "vitest";
import { createJsonDecoder } from "./json-decoder.ts";
import { createSseDecoder, type SseEvent } from "./sse-decoder.ts";

function sseEvents(text: string, size: number): SseEvent[] {
  const events: SseEvent[] = [];
  const decoder = createSseDecoder((event) => events.push(event));
  for (let at = 0; at < text.length; at += size) decoder.push(text.slice(at, at + size));
  decoder.end();
  return events;
}

function jsonObjects(text: string, size: number): unknown[] {
  const objects: unknown[] = [];
  const decoder = createJsonDecoder((object) => objects.push(JSON.parse(object)));
  for (let at = 0; at < text.length; at += size) decoder.push(text.slice(at, at + size));
  decoder.end();
  return objects;
}

const sizes = [1, 2, 3, 1000];

describe("server-sent events", () => {
  test.each(sizes)("names and data lines stay together in pieces of %d, whatever the line end", (size) => {
    for (const eol of ["\n", "\r\n", "\r"]) {
      const lines = [
        ": ping",
        "id: 7",
        "event: first",
        "data: one",
        "data:two",
        "data:  three",
        "",
        "data: four",
        "",
        "",
        "data",
      ];
      expect(sseEvents(lines.join(eol), size)).toStrictEqual([
        { name: "first", data: ["one", "two", " three"] },
        { name: undefined, data: ["four"] },
        { name: undefined, data: [""] },
      ]);
    }
  });

  test("mixed line ends in one text are each an end", () => {
    expect(sseEvents("data: a\rdata: b\ndata: c\r\n\r\ndata: d\n\r\n", 1)).toStrictEqual([
      { name: undefined, data: ["a", "b", "c"] },
      { name: undefined, data: ["d"] },
    ]);
  });
});

describe("JSON text", () => {
  const values = [{ a: "}{][\\" }, { b: { c: ['"', '\\"}', {}] } }, {}];

  test.each(sizes)("lists and lines give their objects in pieces of %d", (size) => {
    expect(jsonObjects(JSON.stringify(values, null, 2), size)).toStrictEqual(values);
    expect(jsonObjects(values.map((value) => JSON.stringify(value)).join("\r\n"), size)).toStrictEqual(values);
  });

  test("an object that the end cuts off is not handed over", () => {
    expect(jsonObjects('{"a":1}{"b":', 2)).toStrictEqual([{ a: 1 }]);
  });
});
