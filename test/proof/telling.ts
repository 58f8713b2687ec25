/** What a played saga looked like, for the reader who has to find out why a rule did not hold. */
import type { Played } from './arena.js';
import type { Schedule } from './schedule.js';

export function told({ scene, record, journal, outcome }: Played, broken: readonly string[]): string {
  const entries = journal.map(({ seq, event }) => {
    const { type, ...rest } = event;
    const { timeoutAt: _, steps: __, data: ___, ...shown } = rest as Record<string, unknown>;
    return row([seq, type, shown]);
  });
  return [
    'SCHEDULE',
    toldSchedule(scene.schedule),
    'JOURNAL',
    ...entries,
    'CALLS',
    `  ${scene.arrivals.map(({ operation, step }) => `${operation} ${step}`).join(', ')}`,
    'LEDGER, change by change',
    ...scene.changes.map(({ step, status, by }) => row([step, status, by])),
    'ASKED',
    ...scene.asked.map(({ ask, step, answers }) => row([ask, step, answers.map(({ answer }) => answer)])),
    'ENDED',
    `  ${record.state} ${record.reason ?? ''}, the workflow: ${JSON.stringify(outcome)}`,
    'RULES THAT DO NOT HOLD',
    ...(broken.length > 0 ? broken.map((sentence) => `  ${sentence}`) : ['  none']),
  ].join('\n');
}

const row = (cells: readonly (string | number | object)[]): string =>
  `  ${cells.map((cell) => (typeof cell === 'object' ? JSON.stringify(cell) : `${cell}`).padEnd(26)).join(' ')}`.trimEnd();

export function toldSchedule(schedule: Schedule): string {
  const { groups, faults, steering, deadline, archived, outage, historyLimit, lastResort } = schedule;
  const shape = groups.map((group) =>
    group.map(({ name, kind, probed }) => `${name}:${kind}${probed ? ' (asked first)' : ''}`).join(' + '),
  );
  return [
    `  ${shape.join(' → ')}`,
    ...faults.map(({ operation, step, behaviours }) => `  ${operation} ${step} meets ${behaviours.join(', ')}`),
    ...steering.map(
      ({ at, ask, step, repeated }) => `  ${JSON.stringify(at)}: ${ask} ${step ?? ''}${repeated ? ' repeatedly' : ''}`,
    ),
    `  deadline ${deadline} s, at the end the operator does ${lastResort}${archived ? '; with an archive' : ''}`,
    ...(outage ? [`  the archive is away since ${outage.since}, until ${outage.until}`] : []),
    ...(historyLimit === null ? [] : [`  continued as new after ${historyLimit} events, on a real server`]),
  ].join('\n');
}
