/** `unwind jobs`: the background jobs, with their last and next runs. */
import { parseArgs } from 'node:util';
import { readJobs, type JobRow } from '../background/job-rows.js';
import { loadConfig } from '../config/config.js';
import { findJournal } from '../config/find-journal.js';
import { migrateJournal } from '../journal/tables/migrate.js';
import { JOURNAL_SCHEMA, journalPool } from '../journal/write/journal.js';
import { say, type Command } from './command.js';

const USAGE = `unwind jobs [--json]     the background jobs: how and when each one last ran, how long it took, and when it is due
The result of a run is done, failed, cut (it took too long, or its driver was stopped) or lost (its driver was killed).
Exit code 0: the last run of each job was done; 1: that of one of them was not, or none has run; 2: nothing could be done.`;

export function lineOf(row: JobRow): string {
  const { job, lastResult, lastBeganAt, lastMs, lastStatus, failures, runningSince, nextAt, holder } = row;
  const took = lastMs === null ? '' : `, took ${Math.round(lastMs)} ms`;
  const figures = Object.entries(lastStatus ?? {}).map(([name, value]) => `${name} ${value}`);
  const last = lastResult === null ? 'has never run' : `${lastResult}, began ${lastBeganAt}${took}`;
  const inARow = failures > 1 ? `, ${failures} in a row` : '';
  const next = runningSince === null ? `next ${nextAt}` : `running since ${runningSince} (${holder})`;
  return `${job}  ${last}${inARow}${figures.length > 0 ? ` (${figures.join(', ')})` : ''}  ${next}`;
}

async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean' } } });
  const target = await findJournal(loadConfig());
  await migrateJournal(target.databaseUrl, JOURNAL_SCHEMA);
  const pool = journalPool({ ...target, poolSize: 1 });
  try {
    const jobs = await readJobs(pool, JOURNAL_SCHEMA);
    if (values.json) say(JSON.stringify(jobs, undefined, 2));
    else if (jobs.length === 0) say('no job has run: start the background process (`unwind start background`)');
    else for (const job of jobs) say(lineOf(job));
    return jobs.length > 0 && jobs.every(({ lastResult }) => lastResult === 'done') ? 0 : 1;
  } finally {
    await pool.end();
  }
}

export const command: Command = { usage: USAGE, run };
