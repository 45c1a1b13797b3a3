import { Select } from "@mantine/core";
import { useMemo } from "react";

/** An IANA zone. */
export function ZoneField(props: {
  value: string;
  error: string | undefined;
  onChange: (zone: string) => void;
  label?: string;
}) {
  const { value, error, onChange, label = "Time zone" } = props;
  const zones = useMemo(() => [...new Set(["UTC", value, ...Intl.supportedValuesOf("timeZone")])], [value]);
  return (
    <Select
      label={label}
      searchable
      allowDeselect={false}
      limit={100}
      data={zones}
      value={value}
      error={error}
      onChange={(zone) => onChange(zone ?? "UTC")}
    />
  );
}
