import type { ProviderUsage, UsageFlavor } from "../usage-flavors.ts";
import type { JsonObject } from "./provider-json.ts";

/** One shape in which usage is reported: how it is recognised and how it is read. A provider is one of these. */
export interface UsageShape {
  readonly flavor: UsageFlavor;
  /** The provider, where only one sends this shape. */
  readonly provider?: string;
  /**
   * Whether this usage object, in this body, has the shape. The body is the usage object itself when it arrived alone.
   * Shapes are asked from the most specific to the least (see `usageShapes`).
   */
  readonly recognises: (usage: JsonObject, body: JsonObject) => boolean;
  /** Reads the usage object; undefined when it holds none of the shape's fields. Never throws. */
  readonly read: (usage: unknown) => ProviderUsage | undefined;
}
