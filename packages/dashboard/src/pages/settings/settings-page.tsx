import { useEffect, useRef } from "react";
import { Link, useLocation, useRoute } from "wouter";
import { useSession } from "../../session/session-context.tsx";
import { ErrorBoundary } from "../../shell/error-boundary.tsx";
import { NoPermission, PageHeader } from "../../shell/states.tsx";
import { type SettingsTab, settingsTabs } from "./settings-tabs.ts";
import "./settings.css";

/** What an organization, its people and its programs are, one part at a time. */
export default function SettingsPage() {
  const { may, whoami } = useSession();
  const [path] = useLocation();
  const [, params] = useRoute("/settings/:tab");
  const isSeen = ({ needs, isPersonal = false }: SettingsTab): boolean =>
    may(...needs) && (!isPersonal || whoami.kind === "user");
  const seen = settingsTabs.filter(isSeen);
  const chosen = params === null ? seen[0] : settingsTabs.find(({ id }) => id === params["tab"]);
  const Content = chosen === undefined || !isSeen(chosen) ? undefined : chosen.content;
  useEffect(() => {
    if (chosen !== undefined) document.title = `${chosen.label} · Settings · LLM Cost Ops`;
  }, [chosen]);
  return (
    <div className="settings">
      <PageHeader title="Settings" reads={chosen?.reads ?? {}} />
      <nav className="settings-tabs" aria-label="Settings">
        {seen.map(({ id, label }) => (
          <TabLink key={id} to={`/settings/${id}`} label={label} isHere={id === chosen?.id} />
        ))}
      </nav>
      <ErrorBoundary resetKey={path}>
        {Content === undefined ? <NoPermission what={chosen?.label ?? "This part of the settings"} /> : <Content />}
      </ErrorBoundary>
    </div>
  );
}

function TabLink({ to, label, isHere }: { to: string; label: string; isHere: boolean }) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    // On a narrow screen the row of them is longer than what is seen of it.
    if (isHere) link.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [isHere]);
  return (
    <Link ref={link} href={to} {...(isHere ? { "aria-current": "page" as const } : {})}>
      {label}
    </Link>
  );
}
