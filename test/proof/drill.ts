/** What `npm run test:saga` and `npm run reproduce` say about the generated proofs. */
const setting = (name: string): number | undefined => {
  const value = process.env[name];
  return value === undefined ? undefined : Number(value);
};

/** Whether one run is to be told in full. */
export const isReproducing = process.env['UNWIND_REPRODUCE'] !== undefined;

/** Of one run: which value of its seed, and how it was made smaller. */
export const path = process.env['UNWIND_PATH'];

export const seed = setting('UNWIND_SEED') ?? Date.now() % 2 ** 31;

export const runsOr = (usual: number): number => setting('UNWIND_RUNS') ?? (isReproducing ? 1 : usual);
