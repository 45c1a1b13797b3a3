// Only syntax that an old Node can parse: the rest is loaded after the version is known to be new enough.
const neededMajor = 24;

if (Number(process.versions.node.split(".", 1)[0]) < neededMajor) {
  process.stderr.write(`LLM Cost Ops needs Node ${neededMajor} or newer; this is Node ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  // Starts from what the last start compiled: half the time, and without the compiler in memory.
  (await import("node:module")).enableCompileCache();
  await (await import("./run-server.ts")).runServer();
}

export {};
