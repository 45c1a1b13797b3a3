import { buildDashboard } from "../../scripts/build-dashboard.mjs";

/** What the browser is shown is what stands in the sources. */
export default buildDashboard;
