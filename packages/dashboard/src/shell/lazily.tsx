import { type ComponentType, use } from "react";
import type { Reachability } from "../session/credential.ts";
import { useCredential } from "../session/session-context.tsx";

/**
 * A page, or a part of one, whose module is loaded when it is first shown, within a `Suspense`. Where it does not come, the
 * server is away, or was replaced by one with other files. Browsers keep the failure of a module for as long as a page is
 * open, so once the server answers again this one begins anew: its state is in its address.
 */
export function lazily<Props extends object>(
  load: () => Promise<{ readonly default: ComponentType<Props> }>,
): ComponentType<Props> {
  let loaded: ReturnType<typeof load> | undefined;
  // biome-ignore lint/correctness/noComponentHookFactories: made once for each module, beside it, as React's own `lazy` is.
  return function Arriving(props: Props) {
    const { reachability } = useCredential();
    loaded ??= load().catch((error: unknown) => beginAnew(error, reachability));
    const { default: Content } = use(loaded);
    return <Content {...props} />;
  };
}

async function beginAnew(error: unknown, reachability: Reachability): Promise<never> {
  const { wasAway } = await reachability.back();
  // Once for each step of the history, lest a file that is missing for good has it begin for ever.
  const isAnew = (window.history.state as { readonly isAnew?: boolean } | null)?.isAnew === true;
  if (isAnew && !wasAway) throw error;
  window.history.replaceState({ isAnew: true }, "");
  window.location.reload();
  return new Promise(() => undefined);
}
