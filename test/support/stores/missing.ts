/** Suites of servers that this machine lacks are counted as skipped, by a name that says why. */
export function describeWith(
  variable: 'TEST_REDIS' | 'TEST_KAFKA' | 'TEST_MONGODB',
  name: string,
  body: () => void,
): void {
  const reason = process.env[`${variable}_MISSING`];
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} (its server is missing: ${reason})`, body);
}
