/** What the global set-up has put into the environment. */
export function environmentOf(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: did jest's globalSetup run?`);
  return value;
}
