import { describe, expect, test } from "vitest";
import { crossingsOf, type Marks } from "./crossings.ts";

const reached = (marks: Readonly<Record<string, boolean>>) => new Map(Object.entries(marks));
const minuteMs = 60_000;

/** What is told at each step of a walk: minutes, and whether the one threshold is reached then. */
function walk(quietMinutes: number, steps: readonly (readonly [number, boolean])[]): readonly string[] {
  let marks: Marks = {};
  return steps.flatMap(([minute, isReached]) => {
    const options = { nowMs: minute * minuteMs, quietMs: quietMinutes * minuteMs };
    const crossings = crossingsOf(marks, reached({ "90": isReached }), options);
    ({ marks } = crossings);
    return [...crossings.risen.map(() => `${minute} rises`), ...crossings.fallen.map(() => `${minute} falls`)];
  });
}

describe("a crossing", () => {
  test("is told once for as long as the threshold is reached", () => {
    expect(
      walk(0, [
        [0, false],
        [1, true],
        [2, true],
        [3, true],
      ]),
    ).toEqual(["1 rises"]);
  });

  test("that comes back is another one", () => {
    const steps = [
      [1, true],
      [2, false],
      [3, true],
    ] as const;
    expect(walk(0, steps)).toEqual(["1 rises", "2 falls", "3 rises"]);
  });

  test("that comes back within the quiet period is told when that ends, if it still holds", () => {
    const back = [
      [1, true],
      [2, false],
      [3, true],
      [60, true],
      [61, true],
      [62, true],
    ] as const;
    expect(walk(60, back)).toEqual(["1 rises", "2 falls", "61 rises"]);
    const gone = [
      [1, true],
      [2, false],
      [3, true],
      [4, false],
      [61, false],
      [62, true],
    ] as const;
    expect(walk(60, gone)).toEqual(["1 rises", "2 falls", "62 rises"]);
  });
});

test("every threshold is looked at by itself, in the order of the readings", () => {
  const options = { nowMs: 0, quietMs: 0 };
  const first = crossingsOf({}, reached({ "50": true, "75": true, "90": false }), options);
  expect([first.risen, first.fallen, first.isChanged]).toEqual([["50", "75"], [], true]);
  const second = crossingsOf(first.marks, reached({ "50": true, "75": true, "90": false }), options);
  expect([second.risen, second.fallen, second.isChanged, second.marks]).toEqual([[], [], false, first.marks]);
});

test("a threshold that nobody asks for any more falls, and says so", () => {
  const told = {
    "50": { isTold: true, toldAtMs: 0, alertId: "a" },
    "75": { isTold: false, toldAtMs: 0, alertId: null },
  };
  const crossings = crossingsOf(told, reached({}), { nowMs: 0, quietMs: 0 });
  expect(crossings.fallen).toEqual([{ mark: "50", alertId: "a", isAskedFor: false }]);
  expect([crossings.marks, crossings.isChanged]).toEqual([{}, true]);
});

test("what is no longer reached is forgotten once its quiet period is over, and not before", () => {
  const mark = (isTold: boolean) => ({ isTold, toldAtMs: 0, alertId: null });
  const told = { "50 =a": mark(true), "50 =b": mark(false), "50 =c": mark(true) };
  const now = reached({ "50 =a": false, "50 =b": false, "50 =c": true });
  const within = crossingsOf(told, now, { nowMs: minuteMs - 1, quietMs: minuteMs });
  expect([within.marks, within.fallen.map(({ mark }) => mark)]).toEqual([{ ...told, "50 =a": mark(false) }, ["50 =a"]]);
  const after = crossingsOf(within.marks, now, { nowMs: minuteMs, quietMs: minuteMs });
  expect([after.marks, after.fallen, after.isChanged]).toEqual([{ "50 =c": told["50 =c"] }, [], true]);
  const atOnce = crossingsOf(told, now, { nowMs: minuteMs, quietMs: minuteMs });
  expect([atOnce.marks, atOnce.fallen.map(({ mark }) => mark)]).toEqual([after.marks, ["50 =a"]]);
});
