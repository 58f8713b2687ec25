/** A release with a fault in workflow code: it fails the workflow task, and undoes nothing. */
export async function orderFulfillment(): Promise<never> {
  throw new TypeError('a fault of this release');
}
