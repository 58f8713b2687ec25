// Healthy if every URL answers with success: node healthcheck.mjs URL…
const answers = await Promise.all(
  process.argv.slice(2).map((url) =>
    fetch(url, { signal: AbortSignal.timeout(3_000) }).then(
      (response) => response.ok,
      () => false,
    ),
  ),
);
process.exit(answers.length > 0 && answers.every(Boolean) ? 0 : 1);
