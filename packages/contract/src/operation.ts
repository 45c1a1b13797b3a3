import { z } from "zod";
import type { ErrorCode } from "./errors.ts";
import { Pagination } from "./fields.ts";
import type { Permission } from "./permissions.ts";

/**
 * Anybody may ask; or who has a credential that is allowed to; or, of what concerns the asking credential alone, whoever
 * has one.
 */
export type Access =
  | { readonly access: "public" | "self"; readonly permission?: undefined; readonly alsoPermission?: undefined }
  | {
      readonly access: "key";
      readonly permission: Permission;
      /** Needed as well, by another way to what one permission guards already. */
      readonly alsoPermission?: Permission;
    };

/** One operation of the interface. Routes, OpenAPI document, SDK and fuzzing all read this table. */
export type Operation = OperationParts & Access;

export interface OperationParts {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `:name` parameters, below `basePath` unless it begins with `/v1/` or is a system address. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodType;
  /** JSON body; `raw` where the body is a stream of bytes with one of the content types. */
  readonly body?: z.ZodType;
  readonly rawBody?: readonly string[];
  readonly success: {
    readonly status: number;
    readonly schema?: z.ZodType;
    readonly contentTypes?: readonly string[];
    readonly description: string;
  };
  readonly errors: readonly ErrorCode[];
}

/** The permissions that a credential must have, all of them. */
export const permissionsOf = ({ permission, alsoPermission }: Access): readonly Permission[] =>
  [permission, alsoPermission].filter((one) => one !== undefined);

export const basePath = "/api/v1";

export const id = z.object({ id: z.string().min(1).max(256) });
export const data = <T extends z.ZodType>(schema: T) => z.object({ data: schema });
export const list = <T extends z.ZodType>(schema: T) => z.object({ data: z.array(schema) });
export const page = <T extends z.ZodType>(schema: T) => z.object({ data: z.array(schema), pagination: Pagination });

// The result keeps what is particular to an operation, so that a route knows the types of its own parameters and query.
export const get = <
  const Rest extends Partial<OperationParts> &
    Pick<OperationParts, "success"> &
    (
      | { readonly access: "public" | "self" }
      | { readonly permission: Permission; readonly alsoPermission?: Permission }
    ),
>(
  path: string,
  tag: string,
  summary: string,
  rest: Rest,
): OperationParts & Rest & Access =>
  ({ method: "GET", path, tag, summary, access: "key", errors: [], ...rest }) as unknown as OperationParts &
    Rest &
    Access;
export const ok = (schema: z.ZodType, description = "The answer."): Operation["success"] => ({
  status: 200,
  schema,
  description,
});
export const created = (schema: z.ZodType, description = "Recorded, and on disk."): Operation["success"] => ({
  status: 201,
  schema,
  description,
});
