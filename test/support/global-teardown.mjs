export default async function globalTeardown() {
  await globalThis[Symbol.for('unwind.test.teardown')]?.();
}
