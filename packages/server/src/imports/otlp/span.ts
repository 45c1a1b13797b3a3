/** A value of an attribute. Lists and maps are not needed for metering and are left out. */
export type AttributeValue = string | number | boolean;
export type Attributes = ReadonlyMap<string, AttributeValue>;

/** A span of a trace, from either encoding. Times are milliseconds since 1970. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
  readonly failed: boolean;
  readonly attributes: Attributes;
  readonly resource: Attributes;
}

/** The code of a span whose call failed (`STATUS_CODE_ERROR`). */
export const statusCodeError = 2;
