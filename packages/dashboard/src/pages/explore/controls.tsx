import {
  Button,
  Group,
  Input,
  MultiSelect,
  Popover,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { memo, useState } from "react";
import { compareDecimals } from "../../format/decimal.ts";
import { formatTokens } from "../../format/numbers.ts";
import { Icon } from "../../shell/icons.tsx";
import { Answer } from "../../shell/states.tsx";
import { type FilterName, type Filters, toggled } from "../../url-state/filters.ts";
import type { ChangeState } from "../../url-state/use-url-state.ts";
import { dimensionOf, dimensions, dimensionsMax, entriesOf, tagDimension, tagKeyOf, without } from "./dimensions.ts";
import { type Question, useTagKeys, useValues } from "./explore-questions.ts";
import { dimensionsFor, type ExploreState, type Shape, shapeLabels, shapes } from "./explore-state.ts";
import { HoursFields } from "./hours-fields.tsx";
import { measureIds, measures } from "./measures.ts";
import { hoursWords } from "./week-hours.ts";

/** What is asked: which figure, by what, drawn how, of which records. */
export const Controls = memo(function Controls(props: {
  readonly state: ExploreState;
  readonly change: ChangeState<ExploreState>;
  readonly question: Question;
  readonly currencies: readonly string[];
  readonly currency: string;
}) {
  const { state, change, question, currencies, currency } = props;
  return (
    <section className="panel" aria-label="What is asked">
      <div className="explore-controls">
        <Select
          label="Measure"
          size="xs"
          allowDeselect={false}
          value={state.m}
          data={measureIds.map((value) => ({ value, label: measures[value].label }))}
          onChange={(value) => change({ m: (value ?? "cost") as ExploreState["m"] })}
        />
        <GroupBy shape={state.as} chosen={state.by} onChange={(by) => change({ by })} />
        {currencies.length > 1 ? (
          <Select
            label="Currency"
            size="xs"
            allowDeselect={false}
            value={currency}
            data={[...currencies]}
            onChange={(value) => change({ cur: value ?? "" })}
          />
        ) : null}
        <div className="scroll-x">
          <Input.Label size="xs" labelElement="div" id="picture-label" display="block">
            Picture
          </Input.Label>
          <SegmentedControl
            size="xs"
            aria-labelledby="picture-label"
            value={state.as}
            data={shapes.map((value) => ({ value, label: shapeLabels[value] }))}
            onChange={(value) => change({ as: value as ExploreState["as"] })}
          />
        </div>
      </div>
      <FilterLine filters={state.f} question={question} onChange={(f) => change({ f })} />
    </section>
  );
});

/** The dimensions that hold, and whatever tags the latest records have; a key that is in none of them can be typed. */
function GroupBy(props: {
  readonly shape: Shape;
  readonly chosen: readonly string[];
  readonly onChange: (by: readonly string[]) => void;
}) {
  const { shape, chosen, onChange } = props;
  const by = dimensionsFor(shape, chosen);
  const [search, setSearch] = useState("");
  const [wasOpened, setOpened] = useState(false);
  const keys = useTagKeys(wasOpened);
  const typed = search.trim().replace(/^tag\s*:?\s*/i, "");
  const isLabel = dimensions.some(({ label }) => label.toLowerCase().startsWith(search.trim().toLowerCase()));
  const known = [...new Set([...by.map(tagKeyOf).filter((key) => key !== undefined), ...(keys.data ?? [])])];
  const isNew = typed !== "" && !isLabel && !known.includes(typed) && dimensionOf(tagDimension(typed)) !== undefined;
  return (
    <MultiSelect
      label={
        by.length === chosen.length ? (
          "Grouped by"
        ) : (
          <>
            Grouped by <span className="quiet">(a flow leads from one to another)</span>
          </>
        )
      }
      size="xs"
      placeholder={by.length === 0 ? "nothing" : ""}
      searchable
      clearable
      hidePickedOptions
      maxValues={dimensionsMax}
      searchValue={search}
      onSearchChange={setSearch}
      onDropdownOpen={() => setOpened(true)}
      value={[...by]}
      onChange={onChange}
      clearButtonProps={{ "aria-label": "Group by nothing" }}
      data={[
        { group: "Fields", items: dimensions.map(({ id, label }) => ({ value: id, label })) },
        {
          group: "Tags",
          items: [...known, ...(isNew ? [typed] : [])].map((key) => ({
            value: tagDimension(key),
            label: `Tag ${key}`,
          })),
        },
      ]}
    />
  );
}

/** The filters that hold, each with a way to take it back, and a way to add one. */
function FilterLine(props: {
  readonly filters: Filters;
  readonly question: Question;
  readonly onChange: (filters: Filters) => void;
}) {
  const { filters, question, onChange } = props;
  const entries = entriesOf(filters).map((entry) => ({
    ...entry,
    words: entry.name === "hours" ? hoursWords(entry.value) : entry.value,
  }));
  return (
    <Group gap={6} mt="xs" className="filter-line">
      {entries.map(({ name, label, value, words }) => (
        <Button
          key={`${name} ${value}`}
          size="compact-xs"
          mih={24}
          variant="light"
          maw="20rem"
          rightSection={<Icon name="close" size={12} />}
          aria-label={`Remove the filter ${label}: ${words}`}
          onClick={() => onChange(without(filters, name, value))}
        >
          <span className="clip">
            {label}: <bdi>{words}</bdi>
          </span>
        </Button>
      ))}
      <AddFilter filters={filters} question={question} onChange={onChange} />
      {entries.length > 1 ? (
        <Button size="compact-xs" mih={24} variant="subtle" onClick={() => onChange({})}>
          Clear all
        </Button>
      ) : null}
    </Group>
  );
}

/** Beside the dimensions: nothing is grouped by it. */
const hoursField = "hours";

function AddFilter(props: {
  readonly filters: Filters;
  readonly question: Question;
  readonly onChange: (filters: Filters) => void;
}) {
  const { filters, question, onChange } = props;
  const [isOpen, setOpen] = useState(false);
  const [field, setField] = useState("model");
  const [search, setSearch] = useState("");
  const keys = useTagKeys(isOpen);
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-start" withinPortal trapFocus returnFocus>
      <Popover.Target>
        <Button
          size="compact-xs"
          mih={24}
          variant="default"
          leftSection={<Icon name="plus" size={12} />}
          onClick={() => setOpen(!isOpen)}
        >
          Filter
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs" w={280}>
          <Select
            size="xs"
            label="Field"
            allowDeselect={false}
            comboboxProps={{ withinPortal: false }}
            value={field}
            onChange={(value) => {
              setField(value ?? "model");
              setSearch("");
            }}
            data={[
              {
                group: "Fields",
                items: [
                  ...dimensions.map(({ id, label }) => ({ value: id, label })),
                  { value: hoursField, label: "Hours" },
                ],
              },
              {
                group: "Tags",
                items: (keys.data ?? []).map((key) => ({ value: tagDimension(key), label: `Tag ${key}` })),
              },
            ]}
          />
          {field === hoursField ? (
            <HoursFields filters={filters} onChange={onChange} />
          ) : (
            <TextInput
              size="xs"
              label="Value"
              data-autofocus
              placeholder="type to search"
              value={search}
              onChange={({ currentTarget }) => setSearch(currentTarget.value)}
            />
          )}
          {isOpen && field !== hoursField ? (
            <Values field={field} search={search} filters={filters} question={question} onChange={onChange} />
          ) : null}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

const valuesMax = 40;

function Values(props: {
  readonly field: string;
  readonly search: string;
  readonly filters: Filters;
  readonly question: Question;
  readonly onChange: (filters: Filters) => void;
}) {
  const { field, search, filters, question, onChange } = props;
  const [wanted] = useDebouncedValue(search.trim().toLowerCase(), 120);
  const name: FilterName = dimensionOf(field)?.filter ?? "model";
  const key = tagKeyOf(field);
  const termOf = (value: string): string => (key === undefined ? value : `${key}:${value}`);
  // What is chosen of this field must not hide its other values.
  const { [name]: _own, ...others } = filters;
  const values = useValues({ ...question, filters: others }, field, true);
  return (
    <Answer of={values} rows={5}>
      {({ data }) => {
        const counts = [...Map.groupBy(data, (row) => row[field] as string | null)]
          .flatMap(([value, rows]) =>
            value === null ? [] : [{ value, requests: rows.reduce((sum, row) => sum + (row.totalRequests ?? 0), 0) }],
          )
          .toSorted((a, b) => compareDecimals(String(b.requests), String(a.requests)));
        const found = counts.filter(({ value }) => value.toLowerCase().includes(wanted));
        const typed = search.trim();
        return (
          <fieldset className="value-list" aria-label="Values">
            {found.slice(0, valuesMax).map(({ value, requests }) => {
              const isOn = (filters[name] ?? []).includes(termOf(value));
              return (
                <Button
                  key={value}
                  size="compact-xs"
                  mih={24}
                  variant={isOn ? "light" : "subtle"}
                  {...(isOn ? {} : { color: "gray", c: "var(--mantine-color-text)" })}
                  justify="space-between"
                  fw={400}
                  fullWidth
                  aria-pressed={isOn}
                  rightSection={<span className="quiet">{formatTokens(requests)}</span>}
                  onClick={() => onChange(toggled(filters, name, termOf(value)))}
                >
                  <span className="clip" title={value}>
                    <bdi>{value}</bdi>
                  </span>
                </Button>
              );
            })}
            {found.length > valuesMax ? (
              <Text size="xs" c="dimmed">
                {formatTokens(found.length - valuesMax)} more: type to find them.
              </Text>
            ) : null}
            {found.length === 0 && typed !== "" ? (
              <Button
                size="compact-xs"
                mih={24}
                variant="light"
                fullWidth
                onClick={() => onChange(toggled(filters, name, termOf(typed)))}
              >
                <span className="clip">Use “{typed}”</span>
              </Button>
            ) : null}
            {found.length === 0 && typed === "" ? (
              <Text size="xs" c="dimmed">
                No record of the period has a value.
              </Text>
            ) : null}
          </fieldset>
        );
      }}
    </Answer>
  );
}
