export { sampleUsage } from "./demo/sample-usage.ts";
export { exitCodes } from "./exit-codes.ts";
export { main } from "./main.ts";
