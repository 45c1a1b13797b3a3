export * from "./money/money.ts";
export * from "./pricing/model-resolution.ts";
export * from "./pricing/price-version.ts";
export * from "./pricing/rated-cost.ts";
export * from "./usage/usage-flavors.ts";
export * from "./usage/usage-kinds.ts";
