import { SimpleGrid, TagsInput } from "@mantine/core";
import { useState } from "react";
import { useAsk } from "../data/ask.ts";
import { useTeams } from "../data/teams.ts";
import { useSession } from "../session/session-context.tsx";
import { type ScopeDraft, type ScopeName, scopeDimensions } from "./scope.ts";

/** What is counted: a field for each dimension, which offers what was seen lately and takes anything else. */
export function ScopeFields(props: {
  value: ScopeDraft;
  onChange: (value: ScopeDraft) => void;
  /** What is wrong, by `scope.` and the field's name. */
  errors: Readonly<Record<string, string>>;
  /** Whether what the organization itself recorded is offered; true if absent. */
  hasOffers?: boolean;
}) {
  const { value, onChange, errors, hasOffers = true } = props;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="sm">
      {scopeDimensions.map((dimension) => (
        <ScopeField
          key={dimension.name}
          dimension={dimension}
          value={value[dimension.name]}
          onChange={(values) => onChange({ ...value, [dimension.name]: values })}
          error={errorOf(errors, dimension.name)}
          hasOffers={hasOffers}
        />
      ))}
    </SimpleGrid>
  );
}

const errorOf = (errors: Readonly<Record<string, string>>, name: ScopeName): string | undefined =>
  Object.entries(errors).find(([path]) => path === `scope.${name}` || path.startsWith(`scope.${name}.`))?.[1];

const offeredMax = 2_000;

function ScopeField(props: {
  dimension: (typeof scopeDimensions)[number];
  value: readonly string[];
  onChange: (values: readonly string[]) => void;
  error: string | undefined;
  hasOffers: boolean;
}) {
  const { dimension, value, onChange, error, hasOffers } = props;
  const { name, plural, groupBy, takesMany } = dimension;
  const [wasFocused, setFocused] = useState(false);
  const isUsed = wasFocused && hasOffers;
  const { may } = useSession();
  const offered = useAsk<readonly string[]>(
    ["costs", "values", groupBy],
    async (client, options) => {
      const result = await client.costs.aggregate({ range: "last-90-days", groupBy: groupBy ?? [] }, options);
      const values = result.data.map((row) => row[groupBy ?? ""]);
      return [...new Set(values.filter((one): one is string => typeof one === "string" && one !== ""))].slice(
        0,
        offeredMax,
      );
    },
    { enabled: isUsed && groupBy !== undefined && may("costs:read") },
  );
  const teams = useTeams(isUsed && name === "team");
  const choices = name === "team" ? (teams.data ?? []).map(({ slug }) => slug) : (offered.data ?? []);
  return (
    <TagsInput
      label={plural}
      {...("hint" in dimension ? { description: dimension.hint } : {})}
      inputWrapperOrder={["label", "input", "description", "error"]}
      placeholder={value.length > 0 ? "" : takesMany ? "all" : "none"}
      value={[...value]}
      data={[...choices]}
      limit={50}
      maxTags={takesMany ? 1_000 : 1}
      splitChars={[]}
      acceptValueOnBlur
      error={error}
      onFocus={() => setFocused(true)}
      onChange={onChange}
    />
  );
}
