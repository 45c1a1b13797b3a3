import type * as Wire from "@llm-cost-ops/contract";
import { type NestedFilters, type PageParams, pageFromWire, queryString, questionToWire } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import type { Page } from "./page.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import type { OpenAnswer } from "./transport.ts";
import { type FromWire, fromWire, toWire } from "./wire.ts";

export interface CreateExportParams extends NestedFilters {
  readonly format: Wire.Export["format"];
  /** Fields of a cost record; also the short names `cost` and `tokens`. */
  readonly includeFields?: readonly string[] | undefined;
  /** Export aggregated rows instead of records. */
  readonly groupBy?: string | readonly string[] | undefined;
}

/** A described export; `download()` streams the file. */
export interface ExportRecord extends FromWire<Wire.Export> {
  download(options?: RequestOptions): Promise<ExportFile>;
}

/** Costs as a file. */
export class Exports {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async create(params: CreateExportParams, options?: RequestOptions): Promise<ExportRecord> {
    const body = JSON.stringify(questionToWire(params, this.#session.organizationId));
    const answer = await this.#session.transport.json({ operation: "exports.create", body, options });
    return this.#fromWire(dataOf(answer));
  }

  async list(params: PageParams = {}, options?: RequestOptions): Promise<Page<ExportRecord>> {
    const query = queryString(toWire(params) as Record<string, unknown>);
    const answer = await this.#session.transport.json({ operation: "exports.list", query, options });
    return pageFromWire(answer, (value) => this.#fromWire(value));
  }

  async get(id: string, options?: RequestOptions): Promise<ExportRecord> {
    const answer = await this.#session.transport.json({ operation: "exports.get", params: { id }, options });
    return this.#fromWire(dataOf(answer));
  }

  /** The file of an export, read as it arrives. */
  async download(id: string, options?: RequestOptions): Promise<ExportFile> {
    return new ExportFile(
      await this.#session.transport.open({ operation: "exports.download", params: { id }, accept: "*/*", options }),
    );
  }

  #fromWire(value: unknown): ExportRecord {
    const record = fromWire<Wire.Export>(value);
    return { ...record, download: (options) => this.download(record.id, options) };
  }
}

/** A file that is read once: whole with `text()` or `bytes()`, or chunk by chunk with `for await`. */
export class ExportFile implements AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly contentType: string | null;
  readonly #chunks: OpenAnswer["chunks"];

  constructor(answer: OpenAnswer) {
    this.contentType = answer.response.headers?.get("content-type") ?? null;
    this.#chunks = answer.chunks;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array<ArrayBuffer>> {
    return this.#chunks[Symbol.asyncIterator]();
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of this) chunks.push(chunk);
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }
}
