import { Button, Group, Popover, Stack, Switch, Text, TextInput, VisuallyHidden } from "@mantine/core";
import { useState } from "react";
import { formatDays } from "../format/instants.ts";
import { Icon } from "../shell/icons.tsx";
import { type Period, type PeriodChoice, type Preset, presetLabels } from "../url-state/period.ts";

const order: readonly Preset[] = ["today", "7d", "30d", "90d", "mtd", "last-month"];

/** Chooses a period, and whether it is compared with the one before. What is chosen belongs in the address. */
export function PeriodPicker(props: {
  readonly value: PeriodChoice;
  readonly period: Period;
  readonly onChange: (value: PeriodChoice) => void;
  readonly compare?: boolean;
  readonly onCompare?: (compare: boolean) => void;
}) {
  const { value, period, onChange, compare, onCompare } = props;
  const [isOpen, setOpen] = useState(false);
  const label = typeof value === "string" ? presetLabels[value] : "Custom";
  const days = formatDays(period.startDate, period.endDate, true);
  const pick = (choice: PeriodChoice): void => {
    onChange(choice);
    setOpen(false);
  };
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" withinPortal trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<Icon name="calendar" size={16} />} onClick={() => setOpen(!isOpen)}>
          <VisuallyHidden>Period: </VisuallyHidden>
          {label}
          <Text component="span" size="xs" c="dimmed" ml="xs" visibleFrom="sm">
            {days}
          </Text>
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs" miw={220}>
          <Group gap={4}>
            {order.map((preset) => (
              <Button
                key={preset}
                size="compact-sm"
                variant={preset === value ? "light" : "subtle"}
                aria-pressed={preset === value}
                onClick={() => pick(preset)}
              >
                {presetLabels[preset]}
              </Button>
            ))}
          </Group>
          <CustomDays key={`${period.startDate}${period.endDate}`} period={period} onPick={pick} />
          {onCompare === undefined ? null : (
            <Switch
              label="Compare with the period before"
              checked={compare ?? false}
              onChange={({ currentTarget }) => onCompare(currentTarget.checked)}
            />
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function CustomDays({ period, onPick }: { period: Period; onPick: (choice: PeriodChoice) => void }) {
  const [from, setFrom] = useState(period.startDate);
  const [to, setTo] = useState(period.endDate);
  const isWrong = from === "" || to === "" || from > to;
  return (
    <Stack gap={4}>
      <Group gap="xs" grow>
        <TextInput
          type="date"
          label="From"
          value={from}
          onChange={({ currentTarget }) => setFrom(currentTarget.value)}
        />
        <TextInput
          type="date"
          label="To, included"
          value={to}
          error={from > to ? "before From" : undefined}
          onChange={({ currentTarget }) => setTo(currentTarget.value)}
        />
      </Group>
      <Button size="compact-sm" variant="light" disabled={isWrong} onClick={() => onPick({ from, to })}>
        Show these days
      </Button>
    </Stack>
  );
}
