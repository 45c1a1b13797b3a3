import { Button, Group, Select } from "@mantine/core";
import { useState } from "react";
import type { Filters } from "../../url-state/filters.ts";
import { weekdays } from "./hour-map.ts";
import { addedHours } from "./week-hours.ts";

const days = [
  { value: "", label: "Every day" },
  { value: "mon-fri", label: "Monday to Friday" },
  { value: "sat-sun", label: "Saturday and Sunday" },
  ...weekdays.map((name) => ({ value: name.slice(0, 3).toLowerCase(), label: name })),
];
const clocks = Array.from({ length: 25 }, (_, hour) => {
  const value = String(hour).padStart(2, "0");
  return { value, label: `${value}:00` };
});

/** Hours of the week to filter by: what a click on the map of hours chooses, for keys as well. */
export function HoursFields(props: { readonly filters: Filters; readonly onChange: (filters: Filters) => void }) {
  const { filters, onChange } = props;
  const [day, setDay] = useState("mon-fri");
  const [from, setFrom] = useState("09");
  const [to, setTo] = useState("18");
  const list = { size: "xs", allowDeselect: false, comboboxProps: { withinPortal: false } } as const;
  return (
    <>
      <Select {...list} label="Days" value={day} data={days} onChange={(value) => setDay(value ?? "")} />
      <Group grow gap="xs" align="end">
        <Select
          {...list}
          label="From"
          value={from}
          data={clocks.slice(0, -1)}
          onChange={(value) => {
            setFrom(value ?? from);
            if (value !== null && value >= to) setTo(String(Number(value) + 1).padStart(2, "0"));
          }}
        />
        <Select
          {...list}
          label="To"
          value={to}
          data={clocks.filter(({ value }) => value > from)}
          onChange={(value) => setTo(value ?? to)}
        />
      </Group>
      <Button
        size="xs"
        variant="light"
        onClick={() => onChange(addedHours(filters, day === "" ? `${from}-${to}` : `${day} ${from}-${to}`))}
      >
        Add these hours
      </Button>
    </>
  );
}
