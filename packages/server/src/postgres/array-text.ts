/** Whole numbers as the text of a PostgreSQL array, for a place that is cast: `CAST(? AS bigint[])`. */
export const numberArray = (values: ArrayLike<number>): string => `{${Array.prototype.join.call(values, ",")}}`;

/** Texts as the text of an array. What holds a NUL is left out: PostgreSQL has no such text, so none can equal it. */
export const textArray = (values: readonly string[]): string =>
  `{${values
    .filter((value) => !value.includes("\0"))
    .map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`)
    .join(",")}}`;

/** Byte strings as the text of an array: `CAST(? AS bytea[])`. */
export const bytesArray = (values: readonly Uint8Array[]): string =>
  `{${values.map((bytes) => `"\\\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}"`).join(",")}}`;
