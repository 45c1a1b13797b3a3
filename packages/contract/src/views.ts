import { z } from "zod";
import { limits, Name } from "./fields.ts";

/** The pages whose views are kept. */
export const viewPages = ["explore"] as const;
export type ViewPage = (typeof viewPages)[number];

const State = z
  .string()
  .max(limits.viewStateLength, `must be at most ${limits.viewStateLength} characters`)
  .regex(/^(?!\?)[!"$-~]*$/, "must be a query string, as it stands behind the ? of an address")
  .meta({ description: "The query of the page's address.", examples: ["by=project&as=area&period=7d"] });
const Shared = z.boolean().meta({
  description: "Whether all see it who may read every cost of the organization. Needs `views:share`. False if absent.",
});
const Pinned = z.boolean().meta({ description: "Whether the caller has it at hand; everybody's own choice." });

export const ViewInput = z
  .strictObject({
    name: Name,
    page: z.enum(viewPages),
    state: State,
    shared: Shared.optional(),
    pinned: Pinned.optional(),
  })
  .meta({ id: "ViewInput" });
export type ViewInput = z.output<typeof ViewInput>;

export const ViewUpdate = z
  .strictObject({
    name: Name.optional(),
    state: State.optional(),
    shared: Shared.optional(),
    pinned: Pinned.optional(),
  })
  .refine((update) => Object.values(update).some((value) => value !== undefined), "must change something")
  .meta({
    id: "ViewUpdate",
    description: "Whoever sees a view may pin it; all else is changed by who made it or has `views:manage`.",
  });
export type ViewUpdate = z.output<typeof ViewUpdate>;

export const View = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    name: z.string(),
    page: z.enum(viewPages),
    state: z.string(),
    shared: z.boolean(),
    pinned: z.boolean(),
    made_by: z.string().meta({ description: "The e-mail address of a person, or the name of a key." }),
    mine: z.boolean().meta({ description: "Whether the caller made it." }),
    may_change: z.boolean().meta({ description: "Whether the caller may change and delete it." }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "View", description: "A way to look at a page, kept under a name." });
export type View = z.infer<typeof View>;
