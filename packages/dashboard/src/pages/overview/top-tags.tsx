import { Select, Text } from "@mantine/core";
import { Answer, Panel } from "../../shell/states.tsx";
import type { Period, PeriodChoice } from "../../url-state/period.ts";
import { tagDimension } from "../explore/dimensions.ts";
import { useTagKeys } from "../explore/explore-questions.ts";
import { Top } from "./top.tsx";

/** The values of a tag that most was spent on; of the first of the keys that the latest calls have, where none is chosen. */
export function TopTags(props: {
  tagKey: string;
  onTagKey: (key: string) => void;
  period: Period;
  choice: PeriodChoice;
  currency: string;
}) {
  const { tagKey, onTagKey, ...asked } = props;
  const keys = useTagKeys(true);
  const known = [...new Set([...(tagKey === "" ? [] : [tagKey]), ...(keys.data ?? [])])].toSorted();
  const key = tagKey === "" ? known[0] : tagKey;
  if (key === undefined) {
    return (
      <Panel title="Top tags">
        <Answer of={keys} rows={5}>
          {() => <Text c="dimmed">The latest calls have no tags. With them, spending is told apart by anything.</Text>}
        </Answer>
      </Panel>
    );
  }
  return (
    <Top
      title="Top tags"
      dimension={tagDimension(key)}
      {...asked}
      aside={
        <Select
          size="xs"
          w={150}
          aria-label="Tag"
          searchable
          allowDeselect={false}
          limit={100}
          value={key}
          data={known}
          onChange={(value) => onTagKey(value ?? "")}
        />
      }
    />
  );
}
