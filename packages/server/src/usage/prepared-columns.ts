import type { Warning } from "@llm-cost-ops/contract";
import type { UnpricedReason } from "@llm-cost-ops/core";
import type { RuleTexts, SeriesDimensions } from "./interning.ts";
import { linesText } from "./line-text.ts";
import { LongText } from "./long-text.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { formatRecordId } from "./record-id.ts";
import { RejectedOutcome } from "./record-outcome.ts";
import { RejectedRecord } from "./rejected-record.ts";

/**
 * The prepared records of one body on their way between threads. Objects are slow to clone, so numbers, ids and texts lie
 * end to end, and what many records share is written once, as JSON.
 */
export interface PreparedColumns {
  /** `numbersPerRecord` a record, in the order of `ColumnWriter`. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** 32 bytes a record: its id and its fingerprint. */
  readonly digests: Uint8Array<ArrayBuffer>;
  /** The texts that are each record's own, end to end. */
  readonly texts: string;
  /** `SharedParts` as JSON. */
  readonly shared: string;
}

interface SharedParts {
  readonly organizationId: string;
  readonly source: string;
  readonly receivedAtMs: number;
  readonly series: readonly SeriesDimensions[];
  readonly rules: readonly RuleTexts[];
  readonly users: readonly string[];
  readonly priceVersions: readonly string[];
  readonly reasons: readonly UnpricedReason[];
  readonly warnings: Readonly<Record<number, readonly Warning[]>>;
  readonly rejected: Readonly<Record<number, RejectedParts>>;
}

interface RejectedParts {
  readonly id: string | null;
  readonly code: RejectedRecord["code"];
  readonly message: string;
  readonly fieldErrors: RejectedRecord["fieldErrors"];
}

const numbersPerRecord = 27;
const digestBytes = 16;
/** Stands for null among positions and lengths; among amounts it is NaN. */
const none = -1;
const noWarnings: readonly Warning[] = [];

/** Distinct values by position, in the order in which they came. */
class Positions<T> {
  readonly values: T[] = [];
  readonly #positions = new Map<T, number>();

  of(value: T | null): number {
    if (value === null) return none;
    const known = this.#positions.get(value);
    if (known !== undefined) return known;
    this.#positions.set(value, this.values.length);
    return this.values.push(value) - 1;
  }
}

/** Lays records out as columns, one after the other. They belong to one body: one organization, source and moment. */
export class ColumnWriter {
  #numbers = new Float64Array(256 * numbersPerRecord);
  #digests = new Uint8Array(256 * 2 * digestBytes);
  #count = 0;
  readonly #texts = new LongText();
  #first: PreparedRecord | undefined;
  readonly #series = new Positions<SeriesDimensions>();
  readonly #rules = new Positions<RuleTexts>();
  readonly #users = new Positions<string>();
  readonly #priceVersions = new Positions<string>();
  readonly #reasons = new Positions<UnpricedReason>();
  readonly #warnings: Record<number, readonly Warning[]> = {};
  readonly #rejected: Record<number, RejectedParts> = {};

  add(record: PreparedRecord | RejectedOutcome): void {
    const index = this.#count;
    this.#count += 1;
    if (this.#count * numbersPerRecord > this.#numbers.length) this.#grow();
    if (record instanceof RejectedOutcome) {
      const { code, message, fieldErrors } = record.rejection;
      this.#rejected[index] = { id: record.id, code, message, fieldErrors };
      return;
    }
    this.#first ??= record;
    if (record.warnings.length > 0) this.#warnings[index] = record.warnings;
    this.#digests.set(record.id, index * 2 * digestBytes);
    this.#digests.set(record.fingerprint, (index * 2 + 1) * digestBytes);
    this.#addNumbers(record, index * numbersPerRecord);
  }

  #addNumbers(record: PreparedRecord, start: number): void {
    const numbers = this.#numbers;
    const { totals } = record;
    let at = start;
    numbers[at++] = this.#series.of(record.series);
    numbers[at++] = this.#users.of(record.userId);
    numbers[at++] = this.#priceVersions.of(record.priceVersionId);
    numbers[at++] = this.#rules.of(record.rule);
    numbers[at++] = this.#reasons.of(record.unpricedReason);
    numbers[at++] = record.entry;
    numbers[at++] = record.state;
    numbers[at++] = record.occurredAtMs;
    numbers[at++] = record.requests;
    numbers[at++] = totals.input;
    numbers[at++] = totals.output;
    numbers[at++] = totals.cacheRead;
    numbers[at++] = totals.cacheWrite;
    numbers[at++] = totals.reasoning;
    numbers[at++] = record.costMilli ?? Number.NaN;
    numbers[at++] = record.costPico ?? Number.NaN;
    numbers[at++] = record.savedMilli ?? Number.NaN;
    numbers[at++] = record.savedPico ?? Number.NaN;
    numbers[at++] = record.usageStatus;
    numbers[at++] = record.isError;
    numbers[at++] = record.isStream;
    numbers[at++] = record.latencyMs ?? Number.NaN;
    numbers[at++] = this.#addText(record.quantities);
    numbers[at++] = this.#addText(linesText(record.lines));
    numbers[at++] = this.#addText(record.externalId);
    numbers[at++] = this.#addText(record.rawUsage);
    numbers[at] = this.#addText(record.metadata);
  }

  #addText(text: string | null): number {
    if (text === null) return none;
    this.#texts.add(text);
    return text.length;
  }

  #grow(): void {
    const numbers = new Float64Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    const digests = new Uint8Array(this.#digests.length * 2);
    digests.set(this.#digests);
    this.#digests = digests;
  }

  columns(): PreparedColumns {
    const shared: SharedParts = {
      organizationId: this.#first?.organizationId ?? "",
      source: this.#first?.source ?? "",
      receivedAtMs: this.#first?.receivedAtMs ?? 0,
      series: this.#series.values,
      rules: this.#rules.values,
      users: this.#users.values,
      priceVersions: this.#priceVersions.values,
      reasons: this.#reasons.values,
      warnings: this.#warnings,
      rejected: this.#rejected,
    };
    return {
      numbers: this.#numbers.slice(0, this.#count * numbersPerRecord),
      digests: this.#digests.slice(0, this.#count * 2 * digestBytes),
      texts: this.#texts.toString(),
      shared: JSON.stringify(shared),
    };
  }
}

/** A record that lies in columns, with every field read out. */
class ColumnRecord implements PreparedRecord {
  readonly organizationId: string;
  readonly id: Uint8Array;
  readonly externalId: string | null;
  readonly entry: number;
  readonly state: number;
  readonly userId: string | null;
  readonly occurredAtMs: number;
  readonly receivedAtMs: number;
  readonly requests: number;
  readonly totals: PreparedRecord["totals"];
  readonly costMilli: number | null;
  readonly costPico: number | null;
  readonly savedMilli: number | null;
  readonly savedPico: number | null;
  readonly priceVersionId: string | null;
  readonly rule: RuleTexts | null;
  readonly unpricedReason: UnpricedReason | null;
  readonly quantities: string;
  readonly lines: string | null;
  readonly usageStatus: number;
  readonly isError: number;
  readonly isStream: number;
  readonly latencyMs: number | null;
  readonly source: string;
  readonly fingerprint: Uint8Array;
  readonly rawUsage: string | null;
  readonly metadata: string | null;
  readonly series: SeriesDimensions;
  readonly warnings: readonly Warning[];

  constructor(reader: ColumnReader, shared: SharedParts, index: number) {
    this.organizationId = shared.organizationId;
    this.source = shared.source;
    this.receivedAtMs = shared.receivedAtMs;
    this.warnings = shared.warnings[index] ?? noWarnings;
    this.id = reader.digest(index * 2);
    this.fingerprint = reader.digest(index * 2 + 1);
    this.series = shared.series[reader.number()] as SeriesDimensions;
    this.userId = shared.users[reader.number()] ?? null;
    this.priceVersionId = shared.priceVersions[reader.number()] ?? null;
    this.rule = shared.rules[reader.number()] ?? null;
    this.unpricedReason = shared.reasons[reader.number()] ?? null;
    this.entry = reader.number();
    this.state = reader.number();
    this.occurredAtMs = reader.number();
    this.requests = reader.number();
    this.totals = {
      input: reader.number(),
      output: reader.number(),
      cacheRead: reader.number(),
      cacheWrite: reader.number(),
      reasoning: reader.number(),
    };
    this.costMilli = reader.amount();
    this.costPico = reader.amount();
    this.savedMilli = reader.amount();
    this.savedPico = reader.amount();
    this.usageStatus = reader.number();
    this.isError = reader.number();
    this.isStream = reader.number();
    this.latencyMs = reader.amount();
    this.quantities = reader.text() ?? "";
    this.lines = reader.text();
    this.externalId = reader.text();
    this.rawUsage = reader.text();
    this.metadata = reader.text();
  }

  get idText(): string {
    return formatRecordId(this.id, this.externalId);
  }
}

/** Reads columns from their start to their end. */
class ColumnReader {
  readonly #columns: PreparedColumns;
  #numbersRead = 0;
  #textRead = 0;

  constructor(columns: PreparedColumns) {
    this.#columns = columns;
  }

  startRecord(index: number): void {
    this.#numbersRead = index * numbersPerRecord;
  }

  number(): number {
    return this.#columns.numbers[this.#numbersRead++] as number;
  }

  amount(): number | null {
    const value = this.number();
    return Number.isNaN(value) ? null : value;
  }

  text(): string | null {
    const length = this.number();
    if (length === none) return null;
    const start = this.#textRead;
    this.#textRead += length;
    return this.#columns.texts.slice(start, this.#textRead);
  }

  digest(position: number): Uint8Array {
    return this.#columns.digests.subarray(position * digestBytes, (position + 1) * digestBytes);
  }
}

/** The records that a `ColumnWriter` laid out. Those that share a series or a rule share its object again. */
export function fromColumns(columns: PreparedColumns): (PreparedRecord | RejectedOutcome)[] {
  const shared = JSON.parse(columns.shared) as SharedParts;
  const reader = new ColumnReader(columns);
  const records: (PreparedRecord | RejectedOutcome)[] = [];
  const count = columns.numbers.length / numbersPerRecord;
  for (let index = 0; index < count; index += 1) {
    const parts = shared.rejected[index];
    if (parts !== undefined) {
      const rejection = new RejectedRecord(parts.code, parts.message, parts.fieldErrors);
      records.push(new RejectedOutcome(parts.id, rejection));
      continue;
    }
    reader.startRecord(index);
    records.push(new ColumnRecord(reader, shared, index));
  }
  return records;
}
