import { Anchor } from "@mantine/core";
import { Link } from "wouter";
import { useSession } from "../../session/session-context.tsx";
import { useRules } from "./alert-questions.ts";
import { isWatched } from "./alert-words.ts";

/** That there is no alert; and where no rule watches budgets, that their thresholds are not what would open one. */
export function NoAlert({ said }: { said: string }) {
  const rules = useRules();
  const { may } = useSession();
  if (rules.data === undefined) return said;
  if (isWatched(rules.data)) return `${said} What crosses a threshold is told here, and to the channels of its rule.`;
  return (
    <>
      {said} No rule watches budgets yet, so none of their thresholds is told.{" "}
      {may("alerts:write") ? (
        <Anchor component={Link} href="/alerts/rules/new" inherit underline="always">
          Make a rule
        </Anchor>
      ) : null}
    </>
  );
}
