import { PageHeader } from "../../shell/states.tsx";
import { FirstRun } from "./first-run.tsx";

export default function FirstRunPage() {
  return (
    <>
      <PageHeader title="Record usage" />
      <FirstRun />
    </>
  );
}
