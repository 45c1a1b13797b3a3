import { describe, expect, test } from "vitest";
import { change, money, moneyOfAll, share } from "./amounts.ts";
import { bar, columnChart } from "./charts.ts";
import { renderTable, writeAnswer } from "./output.ts";
import { defuse, printable } from "./printable.ts";
import { makePaint, type OutputFormat, type Terminal } from "./terminal.ts";

const plainPaint = makePaint(false);

function recorder(format: OutputFormat): Terminal & { readonly written: string[]; readonly told: string[] } {
  const written: string[] = [];
  const told: string[] = [];
  return {
    format,
    quiet: false,
    interactive: false,
    animated: false,
    columns: undefined,
    paint: plainPaint,
    paintTalk: plainPaint,
    data: (text) => void written.push(text),
    talk: (text) => void told.push(text),
    warn: (text) => void told.push(text),
    written,
    told,
  };
}

describe("what reaches a terminal", () => {
  test("text from data loses every control character", () => {
    expect(printable("a\u001b[2J\u0007b\r\nc\u2028d\u009b1mé😀")).toBe("a�[2J�b��c�d�1mé😀");
    expect(printable("\ud800")).toBe("�");
  });

  test("the last gate lets our colours, tabs and line ends through and nothing else", () => {
    const own = `${makePaint(true).bold("total")}\tx\r\n`;
    expect(defuse(own)).toBe(own);
    expect(defuse("\u001b]0;title\u0007 \u001b[2J \u001b[1;31m \u0085")).toBe("�]0;title� �[2J �[1;31m �");
    expect(defuse("😀 plain")).toBe("😀 plain");
  });

  test("colours wrap what was made printable, and are absent where they are not wanted", () => {
    expect(makePaint(true).red("a\u001b[2J")).toBe("\u001b[31ma�[2J\u001b[39m");
    expect(makePaint(false).red("a")).toBe("a");
  });
});

describe("amounts", () => {
  test.each([
    ["12.5", "USD", "$12.50"],
    ["0.0000375", "USD", "$0.0000375"],
    ["0", "EUR", "€0.00"],
    ["-1234567.891", "USD", "-$1,234,567.89"],
  ])("%s %s reads %s", (exact, currency, text) => expect(money(exact, currency)).toBe(text));

  test("no amount is not zero", () => expect(money(null, null)).toBe("–"));

  test("currencies stand side by side and are never added up", () => {
    expect(
      moneyOfAll([{ currency: "EUR", total_cost: "1" }, { currency: null }, { currency: "USD", total_cost: "2" }]),
    ).toBe("$2.00 + €1.00");
  });

  test("changes and shares", () => {
    expect(change(112n, 100n)).toBe("+12 %");
    expect(change(95n, 100n)).toBe("−5.0 %");
    expect(change(5n, 0n)).toBeUndefined();
    expect(share(1n, 3n)).toBe("33.3 %");
    expect(share(1n, 0n)).toBe("");
    expect(share(-221n, 1_000n)).toBe("−22.1 %");
    expect(share(-5n, 1_000n)).toBe("−0.5 %");
    expect(share(-1n, 10_000n)).toBe("0.0 %");
  });
});

describe("charts", () => {
  test("a bar grows in eighths, and what is more than nothing shows", () => {
    expect(bar(100n, 100n, 4)).toBe("████");
    expect(bar(50n, 100n, 4)).toBe("██");
    expect(bar(1n, 1_000_000n, 4)).toBe("▏");
    expect(bar(0n, 100n, 4)).toBe("");
    expect(bar(33n, 100n, 4)).toBe("█▎");
  });

  test("columns stand on the same ground", () => {
    expect(columnChart([0n, 1n, 8n, 16n], 2)).toEqual(["   █", " ▁██"]);
    expect(columnChart([], 2)).toEqual(["", ""]);
  });
});

describe("answers", () => {
  const answer = {
    document: { data: [{ name: "a,b", cost: "1.5", none: null }] },
    rows: [{ name: "a,b", cost: "1.5", none: null }],
    columns: [
      { heading: "name", text: (row: { name: string }) => row.name },
      { heading: "cost", align: "right", text: (row: { cost: string }) => `$${row.cost}` } as const,
    ],
  };

  test("the same answer as JSON, YAML, CSV and table", async () => {
    const out = async (format: OutputFormat): Promise<string> => {
      const terminal = recorder(format);
      await writeAnswer(terminal, answer);
      return terminal.written.join("");
    };
    expect(JSON.parse(await out("json"))).toEqual(answer.document);
    expect(await out("yaml")).toBe('data:\n  - name: a,b\n    cost: "1.5"\n    none: null\n');
    expect(await out("csv")).toBe('name,cost,none\r\n"a,b",1.5,\r\n');
    expect(await out("table")).toBe("name  cost\na,b   $1.5\n");
  });

  test("a spreadsheet takes no cell for a formula, and numbers stay numbers", async () => {
    const terminal = recorder("csv");
    await writeAnswer(terminal, { document: {}, rows: [{ a: "=1+1", b: "-2.5", c: "-x", d: '"' }], columns: [] });
    expect(terminal.written.join("")).toBe('a,b,c,d\r\n\'=1+1,-2.5,\'-x,""""\r\n');
  });

  test("without rows people are told so, on stderr, and machines get the document", async () => {
    const table = recorder("table");
    await writeAnswer(table, { document: {}, rows: [], columns: [], none: "Nothing." });
    expect([table.written, table.told]).toEqual([[], ["Nothing."]]);
    const json = recorder("json");
    await writeAnswer(json, { document: { data: [] }, rows: [], columns: [] });
    expect(json.written).toEqual(['{\n  "data": []\n}\n']);
  });

  test("a narrow screen shortens text and keeps numbers whole", () => {
    const rows = [{ name: "a-model-with-a-very-long-name-indeed", cost: "$1,234,567.89" }];
    const text = renderTable({ paint: plainPaint, columns: 30 }, rows, [
      { heading: "name", text: (row) => row.name },
      { heading: "cost", align: "right", text: (row) => row.cost },
    ]);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(30);
    expect(text).toContain("$1,234,567.89");
    expect(text).toContain("…");
  });

  test("before any text is shortened, optional columns are left out from the right", () => {
    const text = renderTable(
      { paint: plainPaint, columns: 24 },
      [{}],
      [
        { heading: "name", text: () => "a-model-of-name" },
        { heading: "one", isOptional: true, text: () => "first" },
        { heading: "cost", align: "right", text: () => "$1.00" },
        { heading: "two", isOptional: true, text: () => "second" },
      ],
      [["total", "", "$1.00", "left out with its column"]],
    );
    expect(text).toBe("name              cost\na-model-of-name  $1.00\ntotal            $1.00");
  });
});
