/** Builds the dashboard into the server's folder where its sources are newer than what was built. */
export function buildDashboard(): void;
