/** A workflow that is no saga: it offers none of the library's messages. */
import { sleep } from '@temporalio/workflow';

export async function report(): Promise<void> {
  await sleep('1 hour');
}
