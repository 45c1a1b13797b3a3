export * from "./api-keys.ts";
export * from "./costs.ts";
export * from "./errors.ts";
export * from "./fields.ts";
export * from "./imports.ts";
export * from "./operations.ts";
export * from "./pricing.ts";
export * from "./usage.ts";
