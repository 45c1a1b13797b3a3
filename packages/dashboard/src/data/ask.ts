import type { CostOpsClient, Page } from "@llm-cost-ops/sdk";
import { AbortedError, CostOpsError, NetworkError } from "@llm-cost-ops/sdk";
import {
  keepPreviousData,
  type MutationOptions,
  QueryClient,
  type UseInfiniteQueryResult,
  type UseMutationResult,
  type UseQueryResult,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { type Session, useSession } from "../session/session-context.tsx";

/** What answers are kept by: a word for the subject, such as `budgets`, then whatever the question depends on. */
export type AskKey = readonly [subject: string, ...rest: readonly unknown[]];

interface AskOptions {
  /** False leaves the question unasked, such as where a permission is missing. */
  readonly enabled?: boolean;
  /** Only for what is live: asked again after so many milliseconds while the page is looked at. */
  readonly everyMs?: number;
  /** Whether the last answer stays while the next question is under way; true if absent. */
  readonly keepsLast?: boolean;
}

/**
 * Asks through the client, once for each key and organization, and aborts where nobody waits any more:
 *
 * ```tsx
 * const budgets = useAsk(["budgets"], (client, options) => client.budgets.list(options));
 * ```
 */
export function useAsk<T>(
  key: AskKey,
  ask: (client: CostOpsClient, options: { readonly signal: AbortSignal }) => Promise<T>,
  { enabled = true, everyMs, keepsLast = true }: AskOptions = {},
): UseQueryResult<T, Error> {
  const { client, organizationId } = useSession();
  return useQuery<T, Error>({
    queryKey: [organizationId, ...key],
    queryFn: ({ signal }) => ask(client, { signal }),
    enabled,
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
    ...(keepsLast ? { placeholderData: keepPreviousData } : {}),
  });
}

/**
 * Asks for a list page by page; `fetchNextPage` asks for those that follow:
 *
 * ```tsx
 * const alerts = useAskPages(["alerts"], (client, { cursor, ...options }) => client.alerts.list({ cursor }, options));
 * ```
 */
export function useAskPages<T>(
  key: AskKey,
  ask: (
    client: CostOpsClient,
    options: { readonly signal: AbortSignal; readonly cursor: string | undefined },
  ) => Promise<Page<T>>,
  { enabled = true }: Pick<AskOptions, "enabled"> = {},
): UseInfiniteQueryResult<readonly T[], Error> {
  const { client, organizationId } = useSession();
  return useInfiniteQuery({
    queryKey: [organizationId, ...key],
    queryFn: async ({ signal, pageParam }) => {
      const page = await ask(client, { signal, cursor: pageParam });
      // Plain, because what is kept is compared and copied part by part.
      return { records: page.data, next: page.nextCursor };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    select: ({ pages }) => pages.flatMap(({ records }) => records),
    enabled,
    placeholderData: keepPreviousData,
  });
}

/**
 * Changes something, and has every answer about the subjects asked again:
 *
 * ```tsx
 * const remove = useAct((client, id: string) => client.budgets.delete(id), ["budgets"]);
 * remove.mutate(budget.id);
 * ```
 */
export function useAct<Input, T>(
  act: (client: CostOpsClient, input: Input) => Promise<T>,
  subjects: readonly string[],
): UseMutationResult<T, Error, Input> {
  const session = useSession();
  return useMutation(actOptions(act, subjects, session, useQueryClient()));
}

/** How that is done, for whoever has a session and a cache of answers. */
export const actOptions = <Input, T>(
  act: (client: CostOpsClient, input: Input) => Promise<T>,
  subjects: readonly string[],
  { client, organizationId }: Pick<Session, "client" | "organizationId">,
  queries: QueryClient,
): MutationOptions<T, Error, Input> => ({
  mutationFn: (input) => act(client, input),
  onSuccess: () =>
    Promise.all(subjects.map((subject) => queries.invalidateQueries({ queryKey: [organizationId, subject] }))),
});

/** Throws away what was answered about subjects: where something is gone, nobody shall be shown it or ask for it once more. */
export function useForget(): (...subjects: readonly string[]) => void {
  const { organizationId } = useSession();
  const queries = useQueryClient();
  return (...subjects) => {
    for (const subject of subjects) queries.removeQueries({ queryKey: [organizationId, subject] });
  };
}

/** What went wrong, in a sentence for people, and the request's id where the server gave one. */
export function problemOf(error: unknown): {
  readonly title: string;
  readonly text: string;
  readonly requestId?: string;
} {
  if (error instanceof NetworkError) return { title: "No answer", text: "The server cannot be reached at the moment." };
  if (error instanceof CostOpsError) {
    const requestId = (error as { readonly requestId?: string }).requestId;
    const title = error.statusCode === 403 ? "Not allowed" : error.statusCode === 404 ? "Not found" : "It did not work";
    return { title, text: error.message, ...(requestId === undefined ? {} : { requestId }) };
  }
  return { title: "It did not work", text: "This page met an error of its own. Reload it to try again." };
}

/** What is wrong with each field of a form, by the field's name in the client's spelling. */
export function fieldErrorsOf(error: unknown): Readonly<Record<string, string>> {
  const { fieldErrors } = (error ?? {}) as { readonly fieldErrors?: Readonly<Record<string, string>> };
  return fieldErrors ?? {};
}

export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        // The client tries again by itself; a server that is away is waited for by the shell.
        retry: false,
        networkMode: "always",
        staleTime: 15_000,
        refetchOnWindowFocus: true,
        throwOnError: (error) => !(error instanceof CostOpsError) && !(error instanceof AbortedError),
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
