/** The release after broken-release.ts. */
export async function orderFulfillment(): Promise<string> {
  return 'done';
}
