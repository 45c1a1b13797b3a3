import { Button, TextInput } from "@mantine/core";
import { type KeyboardEvent, useState } from "react";
import type { ChangeState } from "../../../url-state/use-url-state.ts";
import { Suggestions } from "../suggestions.tsx";
import { type AuditState, noFilters } from "./audit-questions.ts";

/** Filters that hold exactly; each is asked for where its field is left, not letter by letter. */
export function AuditFilterRow(props: {
  readonly state: AuditState;
  readonly change: ChangeState<AuditState>;
  /** What was done in what is shown, to choose from. */
  readonly actions: readonly string[];
}) {
  const { state, change, actions } = props;
  const isFiltered = Object.keys(noFilters).some((name) => state[name as keyof typeof noFilters] !== "");
  return (
    <div className="settings-filters">
      <FilterText
        label="What was done"
        hint="such as apiKeys.create"
        value={state.action}
        suggestions="actions-of-the-trail"
        onSettle={(action) => change({ action })}
      />
      <Suggestions id="actions-of-the-trail" of={actions} />
      <FilterText
        label="Resource kind"
        hint="such as api_key"
        value={state.type}
        onSettle={(type) => change({ type })}
      />
      <FilterText label="Resource id" value={state.resource} onSettle={(resource) => change({ resource })} />
      <FilterText label="Person" hint="e-mail or id" value={state.user} onSettle={(user) => change({ user })} />
      <FilterText label="Id of the API key" value={state.key} onSettle={(key) => change({ key })} />
      {isFiltered ? (
        <Button size="xs" variant="subtle" onClick={() => change(noFilters)}>
          Clear
        </Button>
      ) : null}
    </div>
  );
}

function FilterText(props: {
  readonly label: string;
  readonly hint?: string;
  readonly suggestions?: string;
  readonly value: string;
  readonly onSettle: (value: string) => void;
}) {
  return <FilterInput key={props.value} {...props} />;
}

function FilterInput({ label, hint = "", suggestions, value, onSettle }: Parameters<typeof FilterText>[0]) {
  const [typed, setTyped] = useState(value);
  return (
    <TextInput
      size="xs"
      label={label}
      placeholder={hint}
      {...(suggestions === undefined ? {} : { list: suggestions })}
      value={typed}
      onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      onBlur={() => settle(typed, value, onSettle)}
      onKeyDown={(event) => onEnter(event, onSettle)}
    />
  );
}

function settle(typed: string, before: string, onSettle: (value: string) => void): void {
  if (typed.trim() !== before) onSettle(typed.trim());
}

function onEnter(event: KeyboardEvent<HTMLInputElement>, onSettle: (value: string) => void): void {
  if (event.key === "Enter") onSettle(event.currentTarget.value.trim());
}
