/** To the standard output; where that is not shown, since jest writes its report there, to the other one. */
export function print(text: string): void {
  const out = process.env['UNWIND_TEST_REPORT'] ? process.stderr : process.stdout;
  out.write(`${text}\n`);
}
