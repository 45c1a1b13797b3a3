import { z } from "zod";
import { Name } from "./fields.ts";

export const ApiKeyInput = z.strictObject({ name: Name }).meta({ id: "ApiKeyInput" });

export const ApiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    organization_id: z.string(),
    prefix: z.string().meta({ description: "The first characters, to recognise the key by." }),
    created_at: z.string(),
    last_used_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
  })
  .meta({ id: "ApiKey" });
export type ApiKey = z.infer<typeof ApiKey>;

export const ApiKeyCreated = ApiKey.extend({
  key: z.string().meta({ description: "Shown this once; only a hash is kept." }),
}).meta({ id: "ApiKeyCreated" });
export type ApiKeyCreated = z.infer<typeof ApiKeyCreated>;
